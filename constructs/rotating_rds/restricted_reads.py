"""Denies everybody but the declared readers: a resource policy that no administrator's own policy can overrule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jsii
from aws_cdk import IStableListProducer, Lazy, Stack
from aws_cdk import aws_iam as iam

from rotating_rds.errors import DeclarationError
from rotating_rds.foreign_readers import block_public_access
from rotating_rds.readers import arn_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotating_rds.credential import Credential

# "Quotas" in the Secrets Manager User Guide: a policy has 20,480 characters, of which ARNs may take so many.
_MOST_CHARACTERS = 20_000
# What CloudFormation makes of a reference to a role's ARN: path and name have 512 and 64 characters at most, and ours
# are shorter ("IAM and AWS STS quotas").
_CHARACTERS_OF_A_REFERENCE = 160


def restrict_reads(credential: Credential, *, deployers: Sequence[str], break_glass: Sequence[str]) -> None:
    """Deny GetSecretValue to everybody but readers, deployers and those named for an emergency.

    :param deployers: ARNs of the roles that deploy, which may have to read the secret to attach or import it.
    :param break_glass: ARNs of the roles to which people turn when nothing else works.
    :raises DeclarationError: if one of the lists is empty or names no role, or the secret's policy is not made in this
        app; here, or when a reader is added later, if a reader cannot be named, or there are more than the policy has
        room for.
    """
    for prop, arns in (("deployers", deployers), ("break_glass", break_glass)):
        if not arns:
            raise DeclarationError(
                f"{prop} is empty, and nobody could repair what only declared readers can read: name at least one role."
            )
        for arn in arns:
            arn_of(iam.ArnPrincipal(arn))
    allowed = _Allowed(credential, [*deployers, *break_glass])
    credential.readers.keep(allowed.check)
    result = credential.secret.add_to_resource_policy(
        iam.PolicyStatement(
            sid="DeclaredReadersOnly",
            effect=iam.Effect.DENY,
            principals=[iam.AnyPrincipal()],
            actions=["secretsmanager:GetSecretValue"],
            resources=["*"],
            conditions={
                "ArnNotLike": {"aws:PrincipalArn": Lazy.list(allowed)},
                # Services that act for this account, such as RDS with a secret that it manages, have no ARN of a role.
                "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
            },
        )
    )
    if not result.statement_added:
        raise DeclarationError(
            f"Reads of {credential.secret.node.path!r} cannot be restricted, for its policy is not made in this app: "
            "add the statement to that policy."
        )
    block_public_access(credential.secret)


@jsii.implements(IStableListProducer)
class _Allowed:
    """The ARNs, as they are known when the template is written."""

    def __init__(self, credential: Credential, named: Sequence[str]) -> None:
        self._credential = credential
        self._named = named

    def produce(self) -> list[str]:
        """Return every ARN once."""
        return list(dict.fromkeys([*self._credential.readers.arns, *self._named]))

    def check(self) -> None:
        """Refuse readers whom the policy cannot name.

        :raises DeclarationError: with the remedy.
        """
        path = self._credential.owner.node.path
        elsewhere = self._credential.readers.elsewhere(Stack.of(self._credential.owner))
        if elsewhere:
            raise DeclarationError(
                f"Reads of {path!r} are restricted, and {elsewhere[0]!r} is made by another stack, which depends on "
                "this one: give that role a name, and import it here by its ARN."
            )
        arns = self.produce()
        characters = sum(len(arn) if arn.startswith("arn:") else _CHARACTERS_OF_A_REFERENCE for arn in arns)
        if characters > _MOST_CHARACTERS:
            raise DeclarationError(
                f"{len(arns)} readers of {path!r} do not fit into a resource policy of 20480 characters: have some of "
                "them share a role, or leave reads unrestricted."
            )

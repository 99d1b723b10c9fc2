"""What it takes for a role of another account to read a secret: the policies of secret and key, beside its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager

from rotating_rds.errors import DeclarationError
from rotating_rds.readers import CURRENT_ONLY
from rotating_rds.secret_names import made_secret

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms


def admit_foreign(arn: str, *, secret: secretsmanager.ISecret, key: kms.IKey | None) -> None:
    """Admit a role of another account to the current value of *secret*, and to *key* for it.

    Source: "Access AWS Secrets Manager secrets from a different account" in the service's user guide.

    :param arn: of the role.
    :raises DeclarationError: if secret or key cannot admit it.
    """
    if key is None:
        raise DeclarationError(
            f"{arn!r} cannot read {secret.node.path!r}, which the key of Secrets Manager itself encrypts, for no other "
            "account can use that: encrypt the secret with a customer key."
        )
    principal = iam.ArnPrincipal(arn)
    admitted = secret.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[principal],
            actions=["secretsmanager:GetSecretValue"],
            resources=["*"],
            conditions=CURRENT_ONLY,
        )
    )
    usable = key.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[principal],
            actions=["kms:Decrypt"],
            resources=["*"],
            conditions={
                "StringEquals": {"kms:ViaService": f"secretsmanager.{Stack.of(key).region}.amazonaws.com"},
                "StringLike": {"kms:EncryptionContext:SecretARN": _arn_pattern(secret)},
            },
        )
    )
    for thing, result in ((secret, admitted), (key, usable)):
        if not result.statement_added:
            raise DeclarationError(
                f"{arn!r} cannot be admitted by {thing.node.path!r}, whose policy is not made in this app: add the "
                "statements to that policy, or grant the role a user that is declared here."
            )
    block_public_access(secret)


def block_public_access(secret: secretsmanager.ISecret) -> None:
    """Have Secrets Manager refuse a policy of *secret* that would admit everybody."""
    for child in made_secret(secret).node.find_all():
        if isinstance(child, secretsmanager.CfnResourcePolicy):
            child.block_public_policy = True


def _arn_pattern(secret: secretsmanager.ISecret) -> str:
    """Return a pattern of the secret's ARN that the key's policy can hold.

    The ARN itself would be a cycle, for the secret needs the key first. CloudFormation names a secret after its logical
    id; what the secret's own policy admits is exact.
    """
    made = made_secret(secret).node.default_child
    if not isinstance(made, secretsmanager.CfnSecret):
        return secret.secret_arn
    stack = Stack.of(made)
    return stack.format_arn(
        service="secretsmanager",
        resource="secret",
        resource_name=f"*{stack.get_logical_id(made)}*",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )

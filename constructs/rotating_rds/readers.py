"""Who reads a credential, as far as this app declares it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from aws_cdk import Stack, Token
from aws_cdk import aws_iam as iam

from rotating_rds.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from constructs import IConstruct

# A consumer has no business with a password that is not in force yet, or no more.
CURRENT_ONLY: Final = {"StringEquals": {"secretsmanager:VersionStage": "AWSCURRENT"}}
# The partition may be left to CloudFormation.
_ROLE_OR_USER = re.compile(r"arn:([\w-]+|\$\{Token\[[^]]+\]\}):iam::(?P<account>\d{12}):(role|user)/[\w+=,.@/-]+")


class OwnRole(iam.Role):
    """A role that this library makes, below the IAM path of its environment."""


@dataclass(frozen=True)
class Readers:
    """The principals that were let in, each once, in the order in which they came."""

    _arns: dict[str, iam.IGrantable] = field(default_factory=dict)
    _checks: list[Callable[[], None]] = field(default_factory=list)

    def add(self, grantee: iam.IGrantable) -> None:
        """Remember a reader."""
        self._arns.setdefault(arn_of(grantee), grantee)
        for check in self._checks:
            check()

    def keep(self, check: Callable[[], None]) -> None:
        """Have *check* hold, now and with every reader who comes."""
        check()
        self._checks.append(check)

    @property
    def arns(self) -> list[str]:
        """Return the ARNs of all of them."""
        return list(self._arns)

    @property
    def outside_of_our_path(self) -> list[str]:
        """Return the ARNs of those whom this library did not make: their IAM path may be any."""
        return [arn for arn, grantee in self._arns.items() if not isinstance(grantee, OwnRole)]

    def accounts(self, stack: Stack) -> list[str]:
        """Return the accounts, other than the stack's, of those of them who are known to be of another one."""
        others = ((arn, grantee) for arn, grantee in self._arns.items() if not isinstance(grantee, OwnRole))
        foreign = [_ROLE_OR_USER.fullmatch(arn) for arn, grantee in others if is_foreign(grantee, stack)]
        return [match["account"] for match in foreign if match is not None]

    def elsewhere(self, stack: Stack) -> list[str]:
        """Return the paths of readers that another stack makes, whose ARNs *stack* cannot know without a cycle."""
        return [
            cast("IConstruct", grantee).node.path
            for arn, grantee in self._arns.items()
            if Token.is_unresolved(arn) and Stack.of(cast("IConstruct", grantee)) is not stack
        ]


def arn_of(grantee: iam.IGrantable) -> str:
    """Return the ARN of the role or user that *grantee* acts as.

    :raises DeclarationError: if it is no single role or user.
    """
    principal = grantee.grant_principal
    named = principal.policy_fragment.principal_json.get("AWS", [])
    is_one = len(named) == 1 and not isinstance(principal, iam.AccountPrincipal)
    if is_one and (Token.is_unresolved(named[0]) or _ROLE_OR_USER.fullmatch(named[0])):
        return str(named[0])
    given = named[0] if is_one else type(principal).__name__
    raise DeclarationError(
        f"Reading cannot be granted to {given!r}, which is no single role or user: give a role, or the ARN of one by "
        "iam.ArnPrincipal(...)."
    )


def is_foreign(grantee: iam.IGrantable, stack: Stack) -> bool:
    """Tell whether a principal may be of another account: it names one that is not known to be the stack's."""
    match = _ROLE_OR_USER.fullmatch(arn_of(grantee))
    account = match["account"] if match else grantee.grant_principal.principal_account
    return account is not None and not Token.is_unresolved(account) and account != stack.account

"""Who changes a password: the declaration's side of the rotation function's strategies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rotating_rds import contract
from rotating_rds.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotating_rds.engine import Engine

_LONGEST_RETENTION_SECONDS = 999_999_999


@dataclass(frozen=True)
class Strategy:
    """What all strategies have.

    :cvar name: as the rotation function knows it.
    :cvar administered: whether an administrator changes the password.
    :cvar alternates: whether two logins take turns.
    """

    name: ClassVar[str]
    administered: ClassVar[bool] = True
    alternates: ClassVar[bool] = False

    def logins(self, username: str) -> tuple[str, ...]:
        """Return the names that log in, the user's first."""
        return (username,)

    def tags(self, username: str) -> Mapping[str, str]:  # noqa: ARG002 - of those that say more
        """Return what the secret's tags say beside the strategy's name."""
        return {}

    def retains(self, engine: Engine) -> bool:  # noqa: ARG002 - of the one that does
        """Tell whether the old password goes on logging in for a while after a rotation."""
        return False

    def check(self, engine: Engine) -> None:
        """Refuse what an engine cannot do.

        :raises DeclarationError: with the remedy.
        """


@dataclass(frozen=True)
class SingleUser(Strategy):
    """The user changes its own password."""

    name: ClassVar[str] = "single_user"
    administered: ClassVar[bool] = False


@dataclass(frozen=True)
class AdminReset(Strategy):
    """An administrator changes it.

    :param retain_for: seconds for which the old password goes on logging in after a rotation; MySQL only, a day where
        None.
    """

    name: ClassVar[str] = "admin_reset"
    retain_for: int | None = None

    def tags(self, username: str) -> Mapping[str, str]:  # noqa: ARG002 - of the strategy
        """See Strategy."""
        return {} if self.retain_for is None else {contract.RETAIN_FOR_TAG: str(self.retain_for)}

    def retains(self, engine: Engine) -> bool:
        """See Strategy."""
        return engine.retains_passwords and self.retain_for != 0

    def check(self, engine: Engine) -> None:
        """See Strategy."""
        if self.retain_for is None:
            return
        if not engine.retains_passwords:
            raise DeclarationError(
                f"retain_for is given for {engine.name}, where a user has one password only: leave it out, or choose "
                "Rotation.alternating_users(...) to keep the old credential alive."
            )
        if not 0 <= self.retain_for <= _LONGEST_RETENTION_SECONDS:
            raise DeclarationError(
                f"retain_for of {self.retain_for} seconds is refused: choose 0 to {_LONGEST_RETENTION_SECONDS}."
            )


@dataclass(frozen=True)
class AlternatingUsers(Strategy):
    """Two logins take turns, and an administrator sets the password of the one that nobody uses.

    :param suffix: what the second login's name adds to the first's.
    :param alternate_username: the second login's name, instead.
    :param provisioned: whether somebody else makes the second login and keeps it equal.
    """

    name: ClassVar[str] = "alternating_users"
    alternates: ClassVar[bool] = True
    suffix: str = "_clone"
    alternate_username: str | None = None
    provisioned: bool = False

    def logins(self, username: str) -> tuple[str, ...]:
        """See Strategy."""
        second = self.alternate_username or f"{username}{self.suffix}"
        if second == username:
            raise DeclarationError(
                f"The second login of {username!r} would have the same name: give a suffix= or alternate_username=."
            )
        return (username, second)

    def tags(self, username: str) -> Mapping[str, str]:
        """See Strategy."""
        pair = {contract.PAIR_TAG: "provisioned"} if self.provisioned else {}
        return {contract.ALTERNATE_USERNAME_TAG: contract.tag_encode(self.logins(username)[1]), **pair}


@dataclass(frozen=True)
class ManagedByRds(Strategy):
    """RDS generates, keeps and rotates the master's password; no function of ours has a part in it."""

    name: ClassVar[str] = "managed_by_rds"
    administered: ClassVar[bool] = False

"""Which remedies a credential that is not well may be given, in the order in which they are tried; makes no call."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotating_rds_ops.credentials import Credential
    from rotating_rds_ops.servers import Server

_REFUSED_LOGIN = "authentication"
# What a value is that cannot be parsed, or names another host or user than the deployment.
_UNUSABLE_VALUE = frozenset({"wrong_state", "refused"})


class Remedy(Enum):
    """What may be done about it; its value says so to the person who is asked."""

    START = "start the database, which is stopped"
    SWITCH_ON = "switch its rotation on again, with the rules that its secret still has"
    STEP_BACK = "move AWSCURRENT back to the version before, because nobody can use what is there now, and rotate"
    ROTATE = "rotate it, or repeat the rotation that has not ended, which takes whatever value still logs in"
    RELABEL = (
        "put AWSPENDING back on the newest version that lost every label, whose password may be the live one, and end "
        "its rotation"
    )
    RESET = (
        "give the master user a new password by the RDS API, put it as AWSCURRENT (without further keys that the value "
        "had; it stays as AWSPREVIOUS), and rotate"
    )


@dataclass(frozen=True, slots=True)
class Sight:
    """What can be seen of a credential from outside.

    :param cause: why it does not log in or rotate, as the probe or the rotation function says; None if neither does.
    :param unequal: whether the two logins of a pair differ.
    :param lost: the newest version without a label that is younger than AWSCURRENT.
    :param server: the database it belongs to; None if it could not be found.
    """

    credential: Credential
    cause: str | None
    unequal: bool
    lost: str | None
    server: Server | None

    @property
    def is_well(self) -> bool:
        """Whether there is nothing to repair."""
        return self.cause is None and not self.unequal and self.credential.rotates and not self.credential.pending


def remedies(sight: Sight) -> Iterator[Remedy]:
    """Yield what may help, first what changes least."""
    if sight.server is not None and sight.server.stopped:
        yield Remedy.START
        return
    if not sight.credential.rotates:
        yield Remedy.SWITCH_ON
        return
    unusable = sight.cause in _UNUSABLE_VALUE
    refused = sight.cause == _REFUSED_LOGIN
    if unusable and "AWSPREVIOUS" in sight.credential.stages:
        yield Remedy.STEP_BACK
    if sight.credential.pending or refused or sight.unequal:
        yield Remedy.ROTATE
    # Whom an administrator gives passwords, a rotation heals whatever the labels are.
    if sight.credential.strategy != "single_user":
        return
    if refused and sight.lost is not None:
        yield Remedy.RELABEL
    if (refused or unusable) and sight.server is not None and sight.server.master == sight.credential.username:
        yield Remedy.RESET

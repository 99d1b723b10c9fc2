"""Ending a credential that somebody may know: no password of before logs in, and no session of before lives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotating_rds_ops import rotations, servers
from rotating_rds_ops.credentials import again
from rotating_rds_ops.errors import OperationError
from rotating_rds_ops.probes import examine

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotating_rds_ops.aws import Aws
    from rotating_rds_ops.credentials import Credential


def rotations_needed(credential: Credential) -> int:
    """Return after how many rotations no password of before logs in.

    A user that sets its own password has one. An administrator's strategies leave the one of before behind: that of the
    other login, or on MySQL the secondary one. The second rotation replaces it by one that nobody has known.
    """
    return 1 if credential.strategy == "single_user" else 2


@dataclass(frozen=True)
class Retirement:
    """Ends what was known of one credential.

    :param tell: gets what was done.
    :param seconds: that one rotation, or the restart, may take.
    :param end_sessions: whether the server is restarted, which ends the sessions of all users: RDS has no finer way.
    """

    aws: Aws
    tell: Callable[[str], None]
    seconds: float
    end_sessions: bool = True

    def run(self, credential: Credential) -> None:
        """Rotate as often as it needs, end sessions, and see that the credential logs in.

        :raises OperationError: with the first cause; repeating the command is safe.
        """
        if again(self.aws, credential).pending:
            # Its password may be the known one: it does not count.
            self._rotate(credential)
            self.tell("the rotation that had not ended has ended")
        needed = rotations_needed(credential)
        for number in range(1, needed + 1):
            self._rotate(credential)
            self.tell(f"rotation {number} of {needed} has ended")
        if self.end_sessions:
            self._restart(credential)
        (examination,) = examine(self.aws, [credential])
        if not examination.healthy:
            raise OperationError(
                f"No earlier password of {credential.name} logs in, and neither does the new one: run "
                f"`rotating-rds repair {credential.name}`."
            )

    def _rotate(self, credential: Credential) -> None:
        now = again(self.aws, credential)
        begun = rotations.begin(self.aws, now)
        rotations.watch(self.aws, now, begun, seconds=self.seconds, tell=lambda _: None)

    def _restart(self, credential: Credential) -> None:
        server = servers.server_of(self.aws, credential)
        if server is None:
            raise OperationError(
                f"RDS knows no database {credential.database}, so that its sessions go on: end them in the database."
            )
        servers.restart(self.aws, server, seconds=self.seconds)
        self.tell(f"{', '.join(server.instances)} restarted: every session has ended")

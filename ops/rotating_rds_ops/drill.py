"""Rotating everything, to see that nothing breaks: a gate before the environment that matters."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotating_rds_ops import credentials, rotations
from rotating_rds_ops.errors import OperationError
from rotating_rds_ops.probes import examine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rotating_rds_ops.aws import Aws
    from rotating_rds_ops.credentials import Credential


@dataclass(frozen=True)
class Drill:
    """What a drill does.

    :param rounds: how often every credential rotates.
    :param seconds: that one rotation may take.
    :param check: a command that exits with 0 while applications work; run before, and after each round.
    """

    rounds: int
    seconds: float
    check: Sequence[str] = ()

    def run(self, aws: Aws, environment: str, tell: Callable[[str], None]) -> int:
        """Rotate, verify, and check, until something breaks.

        :param tell: gets a line about everything that went well.
        :returns: how many rotations there were.
        :raises OperationError: with the first cause.
        """
        found = credentials.all_of(aws, environment)
        self._verify(aws, found, tell, when="before the drill")
        for number in range(1, self.rounds + 1):
            for credential in found:
                self._rotate(aws, credential)
                tell(f"round {number}: {credential.name} rotated")
            self._verify(aws, found, tell, when=f"after round {number}")
        return self.rounds * len(found)

    def _rotate(self, aws: Aws, credential: Credential) -> None:
        now = credentials.again(aws, credential)
        begun = rotations.begin(aws, now)
        rotations.watch(aws, now, begun, seconds=self.seconds, tell=lambda _: None)

    def _verify(self, aws: Aws, found: Sequence[Credential], tell: Callable[[str], None], *, when: str) -> None:
        for examination in examine(aws, found):
            if not examination.healthy:
                why = examination.sentence or f"The logins of the pair differ: {'; '.join(examination.differences)}."
                raise OperationError(f"{examination.credential.name} is not well {when}: {why}")
        tell(f"{when}: {len(found)} credentials log in")
        if self.check:
            self._run_check(when)
            tell(f"{when}: the check passes")

    def _run_check(self, when: str) -> None:
        finished = subprocess.run(self.check, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if finished.returncode:
            last = (finished.stdout.strip().splitlines() or ["it said nothing"])[-1]
            raise OperationError(f"The check exited with {finished.returncode} {when}: {last}")

"""What a soak of one credential has shown, and whether that is what the client promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.soak.clients import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.soak.credentials import SoakedCredential
    from benchmarks.soak.journal import Connection, Journal
    from localcloud.control import RotationRecord


@dataclass(frozen=True)
class Figures:
    """One credential's.

    :param rotations: all that were begun.
    """

    credential: SoakedCredential
    journal: Journal
    rotations: tuple[RotationRecord, ...]

    @property
    def operations(self) -> int:
        """Operations of all clients."""
        return len(self.journal.operations)

    @property
    def failures(self) -> list[str]:
        """Client and error of each operation that failed."""
        return [f"{client}: {error}" for client, error in self.journal.operations if error is not None]

    @property
    def opened(self) -> list[Connection]:
        """Connections that came about."""
        return [connection for connection in self.journal.connections if connection.opened]

    @property
    def opened_in_gaps(self) -> list[Connection]:
        """Those of them that were asked for while a rotation was held between setSecret and finishSecret."""
        gaps = [_gap(rotation) for rotation in self.rotations if rotation.outcome == "succeeded"]
        return [each for each in self.opened if any(began <= each.began < ended for began, ended in gaps)]

    @property
    def retries(self) -> int:
        """Logins after a refused one."""
        return sum(connection.retries for connection in self.opened)

    @property
    def slowest_seconds(self) -> float:
        """The longest that a connection took."""
        return max((connection.seconds for connection in self.opened), default=0.0)

    @property
    def calls_per_thousand(self) -> float:
        """Calls of Secrets Manager for 1,000 connections."""
        return 1000 * len(self.journal.calls) / max(1, len(self.opened))

    def broken_promises(self) -> list[str]:
        """Return a sentence for each promise that was not kept, or that the soak has not tried."""
        name = self.credential.name
        # Who asked a moment before a gap was refused in it.
        met = {each.client for each in self.opened_in_gaps} | {each.client for each in self.opened if each.retries}
        idle = KINDS[self.credential.engine].keys() - met
        unfinished = [rotation.outcome for rotation in self.rotations if rotation.outcome != "succeeded"]
        # Where the old password logs in as well, an application hears of the new one when its TTL ends.
        waited_for = self.rotations[:-1] if self.credential.has_gap else ()
        unused = {rotation.version_id for rotation in waited_for} - {each.version for each in self.opened}
        found = {
            f"{len(self.failures)} operations failed ({', '.join(sorted(set(self.failures)))})": self.failures,
            f"these met no gap: {', '.join(sorted(idle))}": idle,
            f"{len(unfinished)} of {len(self.rotations)} rotations did not succeed": unfinished,
            "no rotation was begun": not self.rotations,
            f"{len(unused)} new versions were never used": unused,
            "no login was retried, though none succeeds inside the gap": self.credential.has_gap and not self.retries,
            f"other calls than GetSecretValue: {sorted(set(self.journal.calls))}": set(self.journal.calls)
            - {"GetSecretValue"},
        }
        return [f"{name}: {sentence}." for sentence, is_true in found.items() if is_true]


def _gap(rotation: RotationRecord) -> tuple[float, float]:
    """Return when password and label differed, at the longest."""
    changed = next(step for step in rotation.steps if step.name == "setSecret")
    finished = [step for step in rotation.steps if step.name == "finishSecret"][-1]
    return changed.started + changed.seconds, finished.started


def broken_promises(figures: Sequence[Figures]) -> list[str]:
    """Return those of all credentials."""
    return [sentence for each in figures for sentence in each.broken_promises()]

"""Pauses between two steps of a rotation, so that a test can look at what clients meet in that gap."""

from __future__ import annotations

import threading
from dataclasses import dataclass

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")


@dataclass
class Hold:
    """A pause that was asked for.

    :param after_step: the step after whose success the rotation waits.
    :param seconds: how long it waits.
    :param times: for how many rotations.
    :param secret_id: name or ARN of the secret; every secret when None.
    """

    after_step: str = "setSecret"
    seconds: float = 3.0
    times: int = 1
    secret_id: str | None = None

    def __post_init__(self) -> None:
        if self.after_step not in STEPS:
            raise ValueError(f"after_step must be one of {', '.join(STEPS)}, not {self.after_step!r}.")
        if self.seconds <= 0 or self.times < 1:
            raise ValueError(
                f"A hold needs seconds above 0 and times of at least 1, not {self.seconds!r} and {self.times!r}."
            )

    def concerns(self, step: str, *secret_ids: str) -> bool:
        """Whether a rotation of the secret with these names waits after a step."""
        return self.after_step == step and (self.secret_id is None or self.secret_id in secret_ids)


class Holds:
    """The pauses that are still to be taken."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holds: list[Hold] = []

    def add(self, hold: Hold) -> None:
        """Ask for a pause."""
        with self._lock:
            self._holds.append(hold)

    def take(self, step: str, *secret_ids: str) -> float:
        """Use up one pause and return its seconds, 0 when there is none."""
        with self._lock:
            for hold in self._holds:
                if hold.concerns(step, *secret_ids):
                    hold.times -= 1
                    self._holds = [other for other in self._holds if other.times > 0]
                    return hold.seconds
        return 0.0

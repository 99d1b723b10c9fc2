"""A clock that only moves when somebody sleeps."""

from __future__ import annotations


class FakeClock:
    """Counts from nought."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        """See Clock."""
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """See Clock."""
        self.seconds += seconds

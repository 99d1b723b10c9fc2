"""A clock that tests set."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class FakeClock:
    """Time passes only while somebody sleeps; what is due in between happens then."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.sleeps: list[float] = []
        self._due: list[tuple[float, int, Callable[[], object]]] = []

    def monotonic(self) -> float:
        """Return the seconds that have passed, from an arbitrary beginning."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Pass time."""
        self.sleeps.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Pass time without recording it as somebody's sleep."""
        end = self.now + seconds
        while self._due and self._due[0][0] <= end:
            self.now, _, action = heapq.heappop(self._due)
            action()
        self.now = end

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        """Have something happen when so much time has passed."""
        heapq.heappush(self._due, (self.now + seconds, len(self._due), action))

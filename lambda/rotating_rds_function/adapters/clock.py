"""Time as it really passes."""

from __future__ import annotations

import time


class SystemClock:
    """The clock of this machine."""

    def now(self) -> float:
        """Return seconds that only grow."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let *seconds* pass."""
        time.sleep(seconds)

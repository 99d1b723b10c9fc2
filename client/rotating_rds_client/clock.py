"""Time as this library sees it, so that tests need not wait for it."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """A clock that never goes backwards, and a way to wait on it."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment."""

    def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""


class SystemClock:
    """The process's own monotonic clock: setting the time of day changes no TTL."""

    monotonic = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)

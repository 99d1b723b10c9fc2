"""The emulator's time: schedules, alarms and staging dates ask here, so that one place decides what time it is."""

from __future__ import annotations

import time
from datetime import UTC, datetime

_ahead = 0.0


def now() -> float:
    """Return the seconds since the epoch, plus those by which a test has moved the clock."""
    return time.time() + _ahead


def ahead() -> float:
    """Return by how many seconds the clock was moved."""
    return _ahead


def advance(seconds: float) -> None:
    """Move the clock forward; `Timetable.advance` does what was due meanwhile.

    :raises ValueError: a clock does not run backwards.
    """
    global _ahead  # noqa: PLW0603  # one process has one time
    if seconds < 0:
        raise ValueError(f"The clock can be moved forward only, not by {seconds!r} seconds.")
    _ahead += seconds


def utc(timestamp: float) -> datetime:
    """Return a timestamp as a date and time in UTC."""
    return datetime.fromtimestamp(timestamp, UTC)


def iso(timestamp: float) -> str:
    """Return a timestamp the way CloudTrail and EventBridge write it."""
    return utc(timestamp).strftime("%Y-%m-%dT%H:%M:%SZ")

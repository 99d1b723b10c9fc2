"""The emulator's time: schedules, alarms and staging dates ask here, so that one place decides what time it is."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> float:
    """Return the seconds since the epoch."""
    return time.time()


def utc(timestamp: float) -> datetime:
    """Return a timestamp as a date and time in UTC."""
    return datetime.fromtimestamp(timestamp, UTC)


def iso(timestamp: float) -> str:
    """Return a timestamp the way CloudTrail and EventBridge write it."""
    return utc(timestamp).strftime("%Y-%m-%dT%H:%M:%SZ")

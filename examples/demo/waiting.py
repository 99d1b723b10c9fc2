"""Waiting for something that another process does."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
_PAUSE = 0.1


class NotInTimeError(Exception):
    """What was waited for did not come."""


def ask_until(attempt: Callable[[], T], *, seconds: float) -> T:
    """Repeat an attempt until it gives something true, or time is up; return what it gave last."""
    deadline = time.monotonic() + seconds
    while not (result := attempt()) and time.monotonic() < deadline:
        time.sleep(_PAUSE)
    return result


def wait_for(attempt: Callable[[], T | None], *, what: str, seconds: float = 30.0) -> T:
    """Repeat an attempt until it gives something.

    :param what: Completes the sentence "... did not happen within 30 s".
    :raises NotInTimeError: if it gives nothing in time.
    """
    result = ask_until(attempt, seconds=seconds)
    if not result:
        raise NotInTimeError(f"{what} did not happen within {seconds:g} s.")
    return result

from __future__ import annotations

import os
import threading
import warnings
from typing import TYPE_CHECKING

import pytest

from rotating_rds_client._shared_value import SharedValue

if TYPE_CHECKING:
    from collections.abc import Callable


class Number:
    """A value with an identity; the next one is one higher."""

    def __init__(self, value: int) -> None:
        self.value = value


def next_number(seen: Number | None) -> Number:
    """Renew by counting, so that the latest number is the number of renewals."""
    return Number(seen.value + 1 if seen else 1)


def test_who_has_seen_an_older_value_takes_the_newer_one() -> None:
    """A reader that looked just before another one's renewal ended does not renew again."""
    shared = SharedValue(next_number)
    first = shared.renew(None)
    second = shared.renew(first)
    assert shared.renew(first) is second
    assert second.value == 2


def test_nothing_is_renewed_in_the_background_for_an_older_value() -> None:
    """Likewise where nobody waits."""
    shared = SharedValue(next_number)
    first = shared.renew(None)
    second = shared.renew(first)
    shared.renew_in_background(first)
    assert (shared.latest, shared._flight) == (second, None)


def test_without_a_thread_to_be_had_the_value_stays_and_the_next_reader_renews(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A process at its limit of threads, or one that is shutting down, still reads."""
    shared = SharedValue(next_number)
    first = shared.renew(None)

    def no_thread(_: Callable[..., object]) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as limited:
        limited.setattr(threading.Thread, "start", no_thread)
        shared.renew_in_background(first)
    assert shared.latest is first
    assert shared.renew(first).value == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system forks no processes")
def test_a_process_that_is_forked_while_a_renewal_is_under_way_renews_by_itself() -> None:
    """It has none of the threads that hold the lock or fly."""
    begun, go_on = threading.Event(), threading.Event()

    def renewed(_: int | None) -> int:
        if not go_on.is_set():
            begun.set()
            go_on.wait(10)
        return 1

    value: SharedValue[int] = SharedValue(renewed)
    thread = threading.Thread(target=value.renew, args=(None,))
    thread.start()
    assert begun.wait(10)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that a process with threads is forked is the point
        child = os.fork()
    if not child:
        go_on.set()
        os._exit(0 if value.renew(None) == 1 else 1)
    go_on.set()
    thread.join(10)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0

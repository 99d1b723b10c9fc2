"""Runs of the rotation that meet in a real server, on every engine."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from rotating_rds_function.domain.errors import NotReadyError
from tests.support.engines import PASSWORD

if TYPE_CHECKING:
    from tests.support.engines import EngineUnderTest


def test_nothing_is_changed_when_the_session_ends_before_the_password_is_set(engine: EngineUnderTest) -> None:
    """The lock changes nothing."""
    user = engine.user()
    with closing(engine.database().login(user, PASSWORD)) as session:
        session.lock(user)
    assert engine.accepts(user, PASSWORD)


@pytest.mark.parametrize("ending", ["replace", "discard", "close"])
def test_a_second_run_waits_for_the_first_and_goes_on_when_it_is_done(engine: EngineUnderTest, ending: str) -> None:
    """Two runs at once take turns, however the first one ends."""
    user = engine.user()
    with closing(engine.master()) as first, closing(engine.database().login(user, PASSWORD)) as second:
        first.lock(user)
        waiting = threading.Thread(target=second.lock, args=(user,))
        waiting.start()
        waiting.join(0.2)
        assert waiting.is_alive()
        {
            "replace": lambda: first.replace_password(user, "the second password"),
            "discard": lambda: first.discard_retained(user),
            "close": first.close,
        }[ending]()
        waiting.join(5)
        assert not waiting.is_alive()


def test_users_have_locks_of_their_own(engine: EngineUnderTest) -> None:
    """Also where names differ by case alone."""
    one, other = engine.user("app"), engine.user("App")
    with closing(engine.master()) as first, closing(engine.master()) as second:
        first.lock(one)
        second.lock(other)


def test_a_lock_that_is_not_released_is_given_up_in_time(engine: EngineUnderTest) -> None:
    """Half of the remaining time is left for another attempt and the report."""
    user = engine.user()
    with closing(engine.database().login(user, PASSWORD)) as first:
        first.lock(user)
        began = time.monotonic()
        with closing(engine.database(seconds=3).login(user, PASSWORD)) as second, pytest.raises(NotReadyError):
            second.lock(user)
        assert 0.5 < time.monotonic() - began < 2.9


def test_a_session_that_is_abandoned_under_its_lock_is_ended_by_the_server(engine: EngineUnderTest) -> None:
    """A function that Lambda froze or killed must not hold the lock."""
    user = engine.user()
    with closing(engine.database(seconds=1.5).login(user, PASSWORD)) as abandoned:
        abandoned.lock(user)
        with closing(engine.database().login(user, PASSWORD)) as other:
            other.lock(user)  # returns when the server has ended the first session

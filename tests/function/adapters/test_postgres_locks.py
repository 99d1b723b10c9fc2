"""Runs of the rotation that meet in a real PostgreSQL."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from rotating_rds_function.adapters.postgres import lock_key
from rotating_rds_function.domain.errors import (
    NotReadyError,
)
from tests.support.rotations import FIRST_PASSWORD as PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotating_rds_function.adapters.postgres import Postgres


def test_nothing_is_changed_when_the_session_ends_before_the_password_is_set(
    database: Callable[..., Postgres], role: Callable[..., str]
) -> None:
    """The lock is held by a transaction that changes nothing until then."""
    user = role()
    with closing(database().login(user, PASSWORD)) as session:
        session.lock(user)
    database().login(user, PASSWORD).close()


def test_a_second_run_waits_for_the_first_and_goes_on_when_it_is_done(
    database: Callable[..., Postgres], role: Callable[..., str]
) -> None:
    """Two runs at once take turns."""
    user = role()
    with closing(database().login(user, PASSWORD)) as first, closing(database().login(user, PASSWORD)) as second:
        first.lock(user)
        waiting = threading.Thread(target=second.lock, args=(user,))
        waiting.start()
        waiting.join(0.2)
        assert waiting.is_alive()
        first.replace_password(user, "the second password")
        waiting.join(5)
        assert not waiting.is_alive()


def test_a_lock_that_is_not_released_is_given_up_in_time(
    database: Callable[..., Postgres], role: Callable[..., str]
) -> None:
    """Half of the remaining time is left for another attempt and the report."""
    user = role()
    with closing(database().login(user, PASSWORD)) as first:
        first.lock(user)
        began = time.monotonic()
        with closing(database(seconds=2).login(user, PASSWORD)) as second, pytest.raises(NotReadyError, match="55P03"):
            second.lock(user)
        assert 0.5 < time.monotonic() - began < 1.9


def test_a_session_that_is_abandoned_in_its_transaction_is_ended_by_the_server(
    database: Callable[..., Postgres], role: Callable[..., str]
) -> None:
    """A function that Lambda froze or killed must not hold the lock."""
    user = role()
    with closing(database(seconds=0.6).login(user, PASSWORD)) as abandoned:
        abandoned.lock(user)
        with closing(database().login(user, PASSWORD)) as other:
            other.lock(user)  # returns when the server has ended the first session


def test_users_have_locks_of_their_own() -> None:
    """The keys are stable over processes, and fit into PostgreSQL's bigint."""
    assert lock_key("orders") == lock_key("orders") != lock_key("Orders")
    assert all(-(2**63) <= lock_key(name) < 2**63 for name in ("orders", "été", "x" * 63))

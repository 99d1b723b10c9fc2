"""Repeating what may help, for as long as it may help."""

from __future__ import annotations

import pytest

from rotating_rds_function.domain.errors import (
    AuthenticationError,
    InternalError,
    LabelsMovedError,
    NotReadyError,
    OutOfTimeError,
    PrivilegeError,
    RefusedError,
    RotationError,
    ThrottledError,
    TlsError,
    UnreachableError,
    WrongStateError,
)
from rotating_rds_function.domain.patience import Deadline, persist
from tests.support.fake_clock import FakeClock


class _Failing:
    """Fails so often, then answers with the number of its attempts."""

    def __init__(self, error: type[RotationError], times: int = 10**9) -> None:
        self.error = error
        self.times = times
        self.attempts = 0

    def __call__(self) -> int:
        self.attempts += 1
        if self.attempts <= self.times:
            raise self.error("for the test")
        return self.attempts


@pytest.mark.parametrize("error", [NotReadyError, ThrottledError, UnreachableError, LabelsMovedError])
def test_a_passing_failure_is_waited_out(error: type[RotationError]) -> None:
    """A database in the middle of a failover is one."""
    clock = FakeClock()
    assert persist(_Failing(error, times=3), clock=clock, deadline=Deadline(clock, 60)) == 4


@pytest.mark.parametrize(
    "error", [AuthenticationError, TlsError, PrivilegeError, WrongStateError, RefusedError, InternalError]
)
def test_a_lasting_failure_is_reported_at_once(error: type[RotationError]) -> None:
    """Another attempt would lock accounts and hide the cause."""
    clock, failing = FakeClock(), _Failing(error)
    with pytest.raises(error):
        persist(failing, clock=clock, deadline=Deadline(clock, 60))
    assert failing.attempts == 1
    assert clock.now() == 0


@pytest.mark.parametrize("seconds", [0.05, 1.0, 7.0, 60.0])
def test_waiting_never_outlasts_the_deadline(seconds: float) -> None:
    """Lambda would stop the function without a word about the cause."""
    clock, failing = FakeClock(), _Failing(NotReadyError)
    with pytest.raises(NotReadyError):
        persist(failing, clock=clock, deadline=Deadline(clock, seconds))
    assert clock.now() <= max(0.0, seconds - 0.5)
    assert clock.now() > seconds - 2.6


def test_a_database_that_refuses_connections_is_waited_for_a_few_seconds_only() -> None:
    """A missing firewall rule does not heal, and should not cost a minute each time."""
    clock, failing = FakeClock(), _Failing(UnreachableError)
    with pytest.raises(UnreachableError):
        persist(failing, clock=clock, deadline=Deadline(clock, 600))
    assert 2 < clock.now() < UnreachableError.patience


def test_what_made_it_wait_is_the_reason_and_not_the_lack_of_time() -> None:
    """GIVEN an attempt for which no time is left, THEN the failure before it is told."""
    clock = FakeClock()

    def attempt() -> None:
        if not clock.now():
            raise UnreachableError("nobody answers")
        raise OutOfTimeError("only 0.1 s were left")

    with pytest.raises(UnreachableError, match="nobody answers"):
        persist(attempt, clock=clock, deadline=Deadline(clock, 60))


def test_a_lack_of_time_from_the_beginning_is_told() -> None:
    """GIVEN no failure before it, THEN it is the reason."""
    clock = FakeClock()
    with pytest.raises(OutOfTimeError):
        persist(_Failing(OutOfTimeError), clock=clock, deadline=Deadline(clock, 60))


def test_delays_grow_and_stay_short() -> None:
    """Early attempts catch a short pause; later ones do not hammer a struggling server."""
    clock, failing = FakeClock(), _Failing(NotReadyError)
    with pytest.raises(NotReadyError):
        persist(failing, clock=clock, deadline=Deadline(clock, 60))
    assert 30 <= failing.attempts <= 40


def test_remaining_time_is_never_negative() -> None:
    """It becomes a time-out of drivers, where negative means something else."""
    clock = FakeClock()
    deadline = Deadline(clock, 1)
    clock.sleep(5)
    assert deadline.remaining() == 0

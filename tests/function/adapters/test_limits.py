"""How what remains of the function's time is shared out."""

from __future__ import annotations

import pytest

from rotating_rds_function.adapters.limits import Limits
from rotating_rds_function.domain.errors import NotReadyError
from rotating_rds_function.domain.patience import Deadline
from tests.support.fake_clock import FakeClock


@pytest.mark.parametrize("seconds", [0.2, 1.0, 20.0, 900.0])
def test_the_server_gives_up_before_the_function_does(seconds: float) -> None:
    """A lock before its statement, a statement before the deadline: the answer names the reason."""
    limits = Limits.within(Deadline(FakeClock(), seconds))
    assert 0 < limits.lock < limits.statement < seconds


@pytest.mark.parametrize("seconds", [0.2, 1.0, 20.0, 900.0])
def test_connecting_takes_ten_seconds_at_most(seconds: float) -> None:
    """And never more than what remains."""
    assert Limits.within(Deadline(FakeClock(), seconds)).connect == min(seconds, 10.0)


@pytest.mark.parametrize("seconds", [-5.0, 0.0, 0.19])
def test_nothing_is_begun_without_time(seconds: float) -> None:
    """A time-out of nought means none at all to PostgreSQL."""
    with pytest.raises(NotReadyError, match="raise the function's time-out"):
        Limits.within(Deadline(FakeClock(), seconds))

"""The decisions alone: no clock, no driver."""

from __future__ import annotations

from typing import Any

import pytest

from rotating_rds_client import RetryPolicy
from rotating_rds_client.retry import GiveUp, Login, RetryState, Wait


def state(**options: Any) -> RetryState:
    """Begin a call at second 0 in which v1 was refused once."""
    state = RetryState(RetryPolicy(**options), started=0.0)
    state.refused("v1")
    return state


def test_a_new_version_is_tried_at_once() -> None:
    """That is what the label's move means."""
    assert state().next_move("v2", now=0.0) == Login()


def test_a_refused_version_is_waited_out_with_growing_pauses() -> None:
    """Many quick questions first, as rotations are short, then one a second."""
    waiting = state()
    pauses = [waiting.next_move("v1", now=0.0) for _ in range(6)]
    assert pauses == [Wait(0.1), Wait(0.2), Wait(0.4), Wait(0.8), Wait(1.0), Wait(1.0)]


def test_a_pause_never_reaches_beyond_the_patience() -> None:
    """The last pause is cut, so that the last login falls inside the budget."""
    assert state(budget=15, first_delay=1.0).next_move("v1", now=13.75) == Wait(0.25)


def test_a_refused_version_is_tried_once_more_at_the_end() -> None:
    """A failed rotation may have been repaired by setting the password back."""
    waiting = state(budget=15)
    assert waiting.next_move("v1", now=14.0) == Login()
    waiting.refused("v1")
    assert waiting.next_move("v1", now=14.1) == GiveUp()


def test_the_last_login_can_be_switched_off() -> None:
    """Where one refused login too many locks the account."""
    assert state(budget=15, last_login=False).next_move("v1", now=14.0) == GiveUp()


def test_beyond_the_budget_not_even_a_new_version_is_tried() -> None:
    """Versions that keep changing do not keep a caller for ever."""
    assert state(budget=15).next_move("v2", now=15.1) == GiveUp()


def test_without_a_budget_a_new_version_is_still_tried() -> None:
    """The first question needs no waiting."""
    assert state(budget=0).next_move("v2", now=0.0) == Login()


def test_every_version_has_logins_of_its_own() -> None:
    """A second rotation during the wait begins anew."""
    waiting = state()
    assert waiting.next_move("v2", now=1.0) == Login()
    waiting.refused("v2")
    assert waiting.next_move("v2", now=1.0) == Wait(0.1)
    assert waiting.logins == {"v1": 1, "v2": 1}


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"budget": -1}, "budget is -1"),
        ({"budget": float("inf")}, "budget is inf"),
        ({"first_delay": 0}, "first_delay is 0"),
        ({"first_delay": 2, "max_delay": 1}, "first_delay is 2"),
    ],
)
def test_an_impossible_policy_is_refused_at_once(options: dict[str, float], named: str) -> None:
    """A pause of nothing would be a busy loop against Secrets Manager."""
    with pytest.raises(ValueError, match=named):
        RetryPolicy(**options)  # type: ignore[arg-type]

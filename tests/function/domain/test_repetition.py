"""Steps that are repeated, interrupted, or run beside another run of the same rotation."""

from __future__ import annotations

from itertools import combinations_with_replacement

import pytest

from rotating_rds_function.domain.errors import (
    WrongStateError,
)
from rotating_rds_function.domain.rotation import Outcome
from rotating_rds_function.domain.steps import Step
from rotating_rds_function.domain.versions import AWSCURRENT, AWSPENDING, AWSPREVIOUS
from tests.support.crashes import Killed
from tests.support.rotations import USERNAME, World, password_of, value


def test_create_secret_keeps_a_value_that_is_there(world: World) -> None:
    """The password of an interrupted run may be live in the database already."""
    world.run(Step.CREATE)
    before = world.store.values["new"]
    assert world.run(Step.CREATE) is Outcome.SUCCEEDED
    assert world.store.values["new"] == before


@pytest.mark.parametrize("steps", list(combinations_with_replacement(Step, 5)))
def test_steps_that_are_repeated_in_their_order_change_nothing_more(world: World, steps: tuple[Step, ...]) -> None:
    """Secrets Manager repeats a whole rotation when one step fails."""
    for step in Step:
        for _ in range(1 + steps.count(step)):
            world.run(step)
    assert world.store.labels == {"old": {AWSPREVIOUS}, "new": {AWSCURRENT}}
    assert world.logs_in(AWSCURRENT)
    assert world.database.changes == 1


@pytest.mark.parametrize("step", list(Step))
def test_a_step_of_a_finished_rotation_succeeds_without_effect(world: World, step: Step) -> None:
    """An answer that got lost is asked for again."""
    world.run_until(Step.FINISH)
    world.store.calls.clear()
    assert world.run(step) is Outcome.ALREADY_DONE
    assert world.store.calls == ["DescribeSecret"]
    assert world.database.changes == 1


def test_a_repeated_finish_takes_off_the_pending_label_that_an_interrupted_one_left(world: World) -> None:
    """The label would be in the way of nothing yet, but of tidy minds and stuck-pending alarms."""
    world.run_until(Step.TEST)
    world.store.move_label("arn", label=AWSCURRENT, source="old", destination="new")
    assert world.run(Step.FINISH) is Outcome.ALREADY_DONE
    assert world.store.labels == {"old": {AWSPREVIOUS}, "new": {AWSCURRENT}}


def test_a_repeated_finish_leaves_the_label_of_a_rotation_that_began_since(world: World) -> None:
    """Its password may be live already: without a label nobody could find it any more."""
    world.run_until(Step.FINISH)
    world.store.stage("newer", AWSPENDING)
    world.token = "newer"
    world.run_until(Step.SET)
    world.token = "new"
    assert world.run(Step.FINISH) is Outcome.ALREADY_DONE
    assert world.logs_in(AWSPENDING)


def test_set_secret_finds_a_password_that_an_interrupted_run_has_set(world: World) -> None:
    """The answer of the database got lost; the password was set."""
    world.run_until(Step.SET)
    world.database.logins.clear()
    assert world.run(Step.SET) is Outcome.SUCCEEDED
    assert world.database.logins == [(USERNAME, False), (USERNAME, True)]
    assert world.database.changes == 1


def test_a_run_that_was_held_up_until_another_rotation_took_over_changes_nothing(world: World) -> None:
    """Its password would have no label, and nobody would log in any more."""
    world.run(Step.CREATE)
    world.database.when_locked = lambda: world.store.stage("newer", AWSPENDING, value=value("newer password"))
    with pytest.raises(WrongStateError, match="no version new with a staging label"):
        world.run(Step.SET)
    assert world.database.changes == 0
    assert world.logs_in(AWSCURRENT)
    assert world.database.open_sessions == 0


def test_a_run_that_was_held_up_until_its_twin_finished_succeeds_without_effect(world: World) -> None:
    """Two runs of one rotation at once end as one."""
    world.run(Step.CREATE)

    def finish() -> None:
        world.database.when_locked = lambda: None
        for step in (Step.SET, Step.TEST, Step.FINISH):
            world.twin().run(step)

    world.database.when_locked = finish
    assert world.run(Step.SET) is Outcome.ALREADY_DONE
    assert world.store.labels == {"old": {AWSPREVIOUS}, "new": {AWSCURRENT}}
    assert world.logs_in(AWSCURRENT)
    assert world.database.changes == 1


def test_a_finish_that_loses_the_race_against_its_twin_succeeds(world: World) -> None:
    """The label is where both wanted it."""
    world.run_until(Step.TEST)
    describe = world.store.describe

    def describe_then_lose(secret_id: str) -> object:
        description = describe(secret_id)
        world.store.describe = describe  # type: ignore[method-assign]
        world.twin().run(Step.FINISH)
        return description

    world.store.describe = describe_then_lose  # type: ignore[method-assign,assignment]
    assert world.run(Step.FINISH) is Outcome.ALREADY_DONE
    assert world.store.labels == {"old": {AWSPREVIOUS}, "new": {AWSCURRENT}}


@pytest.mark.parametrize("last", list(Step))
def test_a_rotation_that_stops_after_any_step_leaves_a_labelled_value_that_logs_in(world: World, last: Step) -> None:
    """Clients that retry always find a way in."""
    world.run_until(last)
    assert world.logs_in(AWSCURRENT) or world.logs_in(AWSPENDING)
    assert password_of(world.store.value_of(AWSCURRENT))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", list(Step))
def test_a_step_that_is_killed_at_any_call_converges_when_it_is_repeated(step: Step, *, after: bool) -> None:
    """The calls are counted in a run that lives, so that a new one is killed at as well."""
    recorded = World.just_started()
    recorded.run_until(step)
    survived = World.just_started()
    for earlier in list(Step)[: list(Step).index(step)]:
        survived.run(earlier)
    first, last = survived.crash.calls, recorded.crash.calls
    assert last > first
    for point in range(first, last):
        world = World.just_started()
        world.crash.at, world.crash.after = point, after
        with pytest.raises(Killed):
            world.run_until(step)
        assert world.logs_in(AWSCURRENT) or world.logs_in(AWSPENDING)
        world.twin().run_until(Step.FINISH)
        assert world.store.labels == {"old": {AWSPREVIOUS}, "new": {AWSCURRENT}}
        assert world.logs_in(AWSCURRENT)

"""Steps that are repeated, interrupted, or run beside another run of the same rotation."""

from __future__ import annotations

import contextlib
from itertools import combinations_with_replacement

import pytest

from rotating_rds_function.domain.errors import InternalError, WrongStateError
from rotating_rds_function.domain.rotation import Outcome
from rotating_rds_function.domain.steps import Step
from rotating_rds_function.domain.versions import AWSCURRENT, AWSPENDING, AWSPREVIOUS
from tests.support.crashes import Killed
from tests.support.rotations import KINDS, USERNAME, World, password_of, value


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
@pytest.mark.parametrize(("strategy", "retains"), KINDS)
def test_a_step_that_is_killed_at_any_call_converges_when_it_is_repeated(
    strategy: str, step: Step, *, retains: bool, after: bool
) -> None:
    """The calls are counted in a run that lives, so that a new one is killed at as well."""
    for point in _calls_of(step, strategy, retains=retains):
        world = World.just_started(strategy, retains_passwords=retains)
        world.store.tags = {**world.store.tags, "rotating-rds:retain-for": "0"}
        world.crash.at, world.crash.after = point, after
        with pytest.raises(Killed):
            world.run_until(step)
        assert world.keeps_its_promise
        world.twin().run_until(Step.FINISH)
        assert world.store.labels == {"old": {AWSPREVIOUS}, "new": {AWSCURRENT}}
        assert world.logs_in(AWSCURRENT)
        assert world.database.retained == {}


def _calls_of(step: Step, strategy: str, *, retains: bool) -> range:
    """Return the indexes of a step's external calls within a rotation."""
    world = World.just_started(strategy, retains_passwords=retains)
    world.store.tags = {**world.store.tags, "rotating-rds:retain-for": "0"}
    for earlier in list(Step)[: list(Step).index(step)]:
        world.run(earlier)
    first = world.crash.calls
    world.run(step)
    assert world.crash.calls > first
    return range(first, world.crash.calls)


@pytest.mark.parametrize(("strategy", "retains"), KINDS)
def test_no_session_stays_open_however_a_run_ends(strategy: str, *, retains: bool) -> None:
    """Locks are held by sessions: an open one would keep the next run out."""
    failed = True
    calls = 0
    while failed:
        world = World.just_started(strategy, retains_passwords=retains)
        world.database.failures = [*([None] * calls), InternalError("The call failed.")]
        with contextlib.suppress(InternalError):
            world.run_until(Step.FINISH)
        assert world.database.open_sessions == 0
        failed, calls = not world.database.failures, calls + 1
    assert calls > 4


@pytest.mark.parametrize("last", list(Step))
@pytest.mark.parametrize(("strategy", "retains"), KINDS)
def test_every_strategy_keeps_its_promise_after_any_step(strategy: str, last: Step, *, retains: bool) -> None:
    """AWSCURRENT logs in throughout, or a labelled value where only one password can be live."""
    world = World.just_started(strategy, retains_passwords=retains)
    for _ in range(2):
        world.run_until(last)
        assert world.keeps_its_promise


@pytest.mark.parametrize(("strategy", "retains"), KINDS)
def test_a_set_secret_that_is_held_up_changes_nothing_once_another_rotation_took_over(
    strategy: str, *, retains: bool
) -> None:
    """Its label is gone, and its password would be one that nobody can find."""
    world = World.just_started(strategy, retains_passwords=retains)
    world.run(Step.CREATE)
    before = dict(world.database.passwords)
    world.database.when_locked = lambda: world.store.stage("newer", AWSPENDING)
    with pytest.raises(WrongStateError):
        world.run(Step.SET)
    assert world.database.passwords == before
    assert world.database.open_sessions == 0


@pytest.mark.parametrize(("strategy", "retains"), KINDS)
def test_a_set_secret_that_is_held_up_until_its_twin_finished_ends_as_done(strategy: str, *, retains: bool) -> None:
    """Two runs of one rotation at once end as one, whatever the strategy."""
    world = World.just_started(strategy, retains_passwords=retains)
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


@pytest.mark.parametrize(("strategy", "retains"), KINDS)
def test_ten_rotations_in_a_row_end_well(strategy: str, *, retains: bool) -> None:
    """Nothing piles up from one to the next."""
    world = World.just_started(strategy, retains_passwords=retains)
    for number in range(10):
        world.start_another(f"version-{number}")
        world.run_until(Step.FINISH)
        assert world.logs_in(AWSCURRENT)
        assert world.store.labels[world.token] == {AWSCURRENT}
    assert [failed for _, failed in world.database.logins if not failed] == []

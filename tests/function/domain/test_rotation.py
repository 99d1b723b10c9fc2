"""The four steps: healthy, repeated, interrupted, beside another run, recovered."""

from __future__ import annotations

import json
from itertools import combinations_with_replacement

import pytest

from rotating_rds_function.domain.errors import (
    AuthenticationError,
    ConfigurationError,
    InternalError,
    LabelsMovedError,
    MalformedSecretError,
    NotReadyError,
    RefusedError,
    WrongStateError,
)
from rotating_rds_function.domain.rotation import Outcome
from rotating_rds_function.domain.steps import Step
from rotating_rds_function.domain.versions import AWSCURRENT, AWSPENDING, AWSPREVIOUS
from tests.support.crashes import Killed
from tests.support.rotations import USERNAME, World, password_of, value


@pytest.fixture
def world() -> World:
    """Return a rotation that has just been started."""
    return World.just_started()


def test_after_the_four_steps_the_new_value_is_current_and_logs_in(world: World) -> None:
    """The purpose of it all."""
    world.run_until(Step.FINISH)
    assert world.store.labels == {"old": {AWSPREVIOUS}, "new": {AWSCURRENT}}
    assert world.logs_in(AWSCURRENT)
    assert not world.logs_in(AWSPREVIOUS)


def test_a_healthy_rotation_stays_inside_its_budget(world: World) -> None:
    """Eleven calls, two connections, no failed login that a security team would have to explain."""
    world.run_until(Step.FINISH)
    assert world.store.calls == [
        *("DescribeSecret", "GetSecretValue", "PutSecretValue"),
        *("DescribeSecret", "GetSecretValue", "GetSecretValue"),
        *("DescribeSecret", "GetSecretValue"),
        *("DescribeSecret", "UpdateSecretVersionStage", "UpdateSecretVersionStage"),
    ]
    assert world.database.logins == [(USERNAME, True), (USERNAME, True)]


@pytest.mark.parametrize("repeated", list(Step))
def test_no_session_stays_open(world: World, repeated: Step) -> None:
    """They would count against max_connections."""
    for step in Step:
        world.run(step)
        if step is repeated:
            world.run(step)
    assert world.database.open_sessions == 0


def test_create_secret_copies_unknown_keys_and_changes_the_password_alone(world: World) -> None:
    """Applications keep keys of their own in the value."""
    world.store.stage("old", value=value("current password", sslmode="verify-full", nested={"a": [1, 2.5, None]}))
    world.run(Step.CREATE)
    old, new = (json.loads(world.store.values[version]) for version in ("old", "new"))
    assert new.pop("password") != old.pop("password")
    assert new == old


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


@pytest.mark.parametrize("step", list(Step))
def test_a_disabled_rotation_is_refused_before_anything_is_read(world: World, step: Step) -> None:
    """The gate comes before every step."""
    world.store.rotation_enabled = False
    with pytest.raises(WrongStateError, match="Rotation is disabled"):
        world.run(step)
    assert world.store.calls == ["DescribeSecret"]


@pytest.mark.parametrize("step", list(Step))
def test_an_unknown_token_is_refused(world: World, step: Step) -> None:
    """The function makes no version of its own accord."""
    world.token = "stranger"
    with pytest.raises(WrongStateError, match="no version stranger"):
        world.run(step)


@pytest.mark.parametrize("step", list(Step))
def test_a_version_that_is_not_pending_is_refused(world: World, step: Step) -> None:
    """AWSPREVIOUS, for example, must not be promoted."""
    world.store.stage("new", AWSPREVIOUS)
    world.store.stage("newer", AWSPENDING)
    with pytest.raises(WrongStateError, match="new is not staged AWSPENDING"):
        world.run(step)


@pytest.mark.parametrize("step", [Step.SET, Step.TEST])
def test_a_pending_version_without_a_value_is_refused_with_the_remedy(world: World, step: Step) -> None:
    """The database is left alone then."""
    with pytest.raises(WrongStateError, match="has no value, as if createSecret never ran") as caught:
        world.run(step)
    assert not isinstance(caught.value, LabelsMovedError)
    assert world.database.changes == 0


def test_a_secret_without_a_current_value_is_refused(world: World) -> None:
    """There is nothing to make a successor of."""
    del world.store.values["old"]
    with pytest.raises(WrongStateError, match="no AWSCURRENT value: put one"):
        world.run(Step.CREATE)


def test_test_secret_works_alone_right_after_a_deployment(world: World) -> None:
    """Secrets Manager tries it so when a schedule is set without an immediate rotation."""
    world.store.stage("new", AWSPENDING, value=value("current password"))
    assert world.run(Step.TEST) is Outcome.SUCCEEDED
    assert world.database.logins == [(USERNAME, True)]


def test_test_secret_fails_while_the_pending_value_does_not_log_in(world: World) -> None:
    """That is what it is for."""
    world.run(Step.CREATE)
    with pytest.raises(AuthenticationError):
        world.run(Step.TEST)


def test_set_secret_finds_a_password_that_an_interrupted_run_has_set(world: World) -> None:
    """The answer of the database got lost; the password was set."""
    world.run_until(Step.SET)
    world.database.logins.clear()
    assert world.run(Step.SET) is Outcome.SUCCEEDED
    assert world.database.logins == [(USERNAME, False), (USERNAME, True)]
    assert world.database.changes == 1


def test_set_secret_recovers_a_database_that_was_restored_from_an_older_snapshot(world: World) -> None:
    """Its password is the previous one."""
    world.store.stage("older", AWSPREVIOUS, value=value("previous password"))
    world.database.passwords[USERNAME] = "previous password"
    world.run_until(Step.FINISH)
    assert world.logs_in(AWSCURRENT)


@pytest.mark.parametrize("has_previous", [True, False])
def test_set_secret_says_so_when_no_labelled_value_logs_in(world: World, *, has_previous: bool) -> None:
    """A person has to decide then, and learns how."""
    if has_previous:
        world.store.stage("older", AWSPREVIOUS, value=value("previous password"))
    world.database.passwords[USERNAME] = "set by hand"
    world.run(Step.CREATE)
    with pytest.raises(AuthenticationError, match=r"Neither .* PutSecretValue.* ModifyDBInstance") as caught:
        world.run(Step.SET)
    assert caught.value.__context__ is None


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


@pytest.mark.parametrize(
    "forged", [{"host": "evil.example"}, {"username": "rdsadmin"}, {"port": 1}, {"engine": "mysql"}], ids=str
)
@pytest.mark.parametrize("step", [Step.CREATE, Step.SET])
def test_a_forged_current_value_is_refused_before_anything_connects(
    world: World, forged: dict[str, object], step: Step
) -> None:
    """The deployment decides where to log in, and as whom."""
    world.run(Step.CREATE)
    world.store.values["old"] = value("current password", **forged)
    with pytest.raises(RefusedError, match=f"AWSCURRENT value of the secret names another {next(iter(forged))}"):
        world.run(step)
    assert world.database.logins == []


@pytest.mark.parametrize("forged", [{"host": "evil.example"}, {"username": "rdsadmin"}], ids=str)
def test_a_forged_pending_value_changes_no_password(world: World, forged: dict[str, object]) -> None:
    """It is held against the deployment before it is used."""
    world.store.stage("new", AWSPENDING, value=value("attacker's password", **forged))
    with pytest.raises(RefusedError, match="AWSPENDING"):
        world.run(Step.SET)
    assert world.database.passwords == {USERNAME: "current password"}


@pytest.mark.parametrize("forged", [{"host": "evil.example"}, {"username": "rdsadmin"}], ids=str)
def test_a_forged_pending_value_is_not_tested(world: World, forged: dict[str, object]) -> None:
    """Its password would be sent to a server that it names."""
    world.store.stage("new", AWSPENDING, value=value("attacker's password", **forged))
    with pytest.raises(RefusedError, match="AWSPENDING"):
        world.run(Step.TEST)
    assert world.database.logins == []


@pytest.mark.parametrize("text", ["{", "{}", '{"username": "dbadmin"}', '{"username": "dbadmin", "password": 7}'])
def test_a_malformed_current_value_is_refused(world: World, text: str) -> None:
    """It was written by hand, and by hand it must be repaired."""
    world.store.values["old"] = text
    with pytest.raises(MalformedSecretError, match="AWSCURRENT"):
        world.run(Step.CREATE)


def test_a_secret_without_tags_is_refused_before_it_is_read(world: World) -> None:
    """It was not deployed with this function."""
    world.store.tags = {}
    with pytest.raises(ConfigurationError):
        world.run(Step.CREATE)
    assert world.store.calls == ["DescribeSecret"]


@pytest.mark.parametrize("failing_calls", [1, 2, 3])
def test_a_failing_over_database_is_waited_for(world: World, failing_calls: int) -> None:
    """The step is repeated as a whole, its gate included."""
    world.run(Step.CREATE)
    world.progress.attempts = 0
    world.database.failures = [NotReadyError("starting up")] * failing_calls
    assert world.run(Step.SET) is Outcome.SUCCEEDED
    assert world.progress.attempts == 1 + failing_calls
    assert world.logs_in(AWSPENDING)


def test_a_database_that_never_gets_ready_is_given_up_within_the_remaining_time(world: World) -> None:
    """The cause is reported, which Lambda's time-out would hide."""
    world.run(Step.CREATE)
    world.database.failures = [NotReadyError("starting up")] * 1000
    with pytest.raises(NotReadyError):
        world.run(Step.SET, seconds=20)
    assert 15 < world.clock.now() < 20


def test_progress_tells_the_target_even_when_the_step_fails(world: World) -> None:
    """The log line of a failure needs it most."""
    world.run(Step.CREATE)
    world.database.failures = [InternalError("broken")]
    with pytest.raises(InternalError):
        world.run(Step.SET)
    assert world.progress.target is not None
    assert world.progress.target.database == "orders"


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

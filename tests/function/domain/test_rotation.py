"""The four steps of a healthy rotation, and what they cost."""

from __future__ import annotations

import json

import pytest

from rotating_rds_function.domain.errors import (
    AuthenticationError,
    InternalError,
    NotReadyError,
)
from rotating_rds_function.domain.rotation import Outcome
from rotating_rds_function.domain.steps import Step
from rotating_rds_function.domain.versions import AWSCURRENT, AWSPENDING, AWSPREVIOUS
from tests.support.rotations import USERNAME, World, value


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

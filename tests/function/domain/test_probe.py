"""What the probe finds out about one credential, and what it does not take for a fault."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rotating_rds_function.domain.errors import (
    AuthenticationError,
    BadEventError,
    Cause,
    PrivilegeError,
    ThrottledError,
    UnreachableError,
)
from rotating_rds_function.domain.patience import Deadline
from rotating_rds_function.domain.probe import Health, Probe, ProbeRequest
from rotating_rds_function.domain.steps import Step
from rotating_rds_function.domain.versions import AWSCURRENT, AWSPENDING, Times
from tests.support.rotations import ADMINISTRATOR_ARN, ALTERNATE, DEPLOYMENT, USERNAME, World, value

if TYPE_CHECKING:
    from collections.abc import Callable

HOUR, DAY = 3_600.0, 86_400.0
NOW = 1_800_000_000.0


def rotated(strategy: str = "single_user", *, retains_passwords: bool = False, retain_for: str = "86400") -> World:
    """A credential that was rotated an hour ago, and is due tomorrow."""
    world = World.just_started(strategy, retains_passwords=retains_passwords)
    if strategy == "admin_reset":
        world.store.tags = {**world.store.tags, "rotating-rds:retain-for": retain_for}
    world.run_until(Step.FINISH)
    world.store.times = Times(NOW, created=NOW - DAY, rotated=NOW - HOUR, changed=NOW - HOUR, due=NOW + DAY)
    world.database.trusted_until = NOW + 100 * DAY
    return world


def examined(world: World, *, seconds: float = 60.0) -> Health:
    """Have the probe look at it."""
    deadline = Deadline(world.clock, seconds)
    return Probe(world.store, DEPLOYMENT, lambda _: world.database, world.clock, deadline).examine("arn:secret")


@pytest.mark.parametrize("strategy", ["single_user", "admin_reset", "alternating_users"])
def test_a_healthy_credential_has_nothing_to_report(strategy: str) -> None:
    """Whoever rotates it."""
    world = rotated(strategy)
    health = examined(world)
    assert (health.failure, health.unexamined) == (None, None)
    assert (health.overdue_hours, health.pending_hours) == (0.0, 0.0)
    assert health.rotated_days == pytest.approx(1 / 24)
    assert health.certificate_days == 100.0
    assert health.differences == (() if strategy == "alternating_users" else None)
    assert health.target is not None
    assert health.target.username == USERNAME
    assert world.database.open_sessions == 0


def test_a_password_that_was_changed_behind_our_back_does_not_log_in() -> None:
    """The cause is the one that a rotation would name."""
    world = rotated()
    world.database.passwords[USERNAME] = "set by hand"
    health = examined(world)
    assert isinstance(health.failure, AuthenticationError)
    assert health.unexamined is None
    assert health.certificate_days is None


def test_a_value_that_nobody_can_use_is_a_credential_that_does_not_log_in() -> None:
    """Applications read the same."""
    world = rotated()
    world.store.stage("by hand", AWSCURRENT, value="no JSON")
    health = examined(world)
    assert health.failure is not None
    assert health.failure.cause is Cause.WRONG_STATE


def test_a_database_that_does_not_answer_is_tried_again_for_a_moment() -> None:
    """A fail-over is no fault."""
    world = rotated()
    world.database.failures = [UnreachableError("Nobody answers."), UnreachableError("Nobody answers.")]
    assert examined(world).failure is None


def test_a_database_that_stays_silent_is_reported() -> None:
    """After that moment."""
    world = rotated()
    world.database.failures = [UnreachableError("Nobody answers.")] * 100
    assert isinstance(examined(world).failure, UnreachableError)


def test_a_rotation_under_way_is_waited_for() -> None:
    """Between setSecret and finishSecret, the current password of a user with one login does not log in."""
    world = rotated()
    world.token = "next"
    world.store.stage("next", AWSPENDING)
    world.run_until(Step.TEST)
    sleep = world.clock.sleep

    def finish_meanwhile(seconds: float) -> None:
        sleep(seconds)
        if world.clock.now() > 3 and world.store.value_of(AWSPENDING):
            world.run(Step.FINISH)

    world.clock.sleep = finish_meanwhile  # type: ignore[method-assign]
    assert examined(world).failure is None
    assert world.clock.now() > 3


def test_a_rotation_that_got_stuck_after_it_set_the_password_is_reported() -> None:
    """New connections of applications fail by now."""
    world = rotated()
    world.token = "next"
    world.store.stage("next", AWSPENDING)
    world.store.made_at["next"] = NOW - 5 * HOUR
    world.run_until(Step.TEST)
    health = examined(world)
    assert isinstance(health.failure, AuthenticationError)
    assert health.pending_hours == 5.0


def test_a_label_that_is_left_on_the_current_version_is_not_pending() -> None:
    """It blocks nothing that finishSecret does not repair."""
    world = rotated()
    world.store.labels["new"].add(AWSPENDING)
    assert examined(world).pending_hours == 0.0


@pytest.mark.parametrize(("hours", "overdue"), [(-2.0, 0.0), (0.0, 0.0), (30.0, 30.0)])
def test_a_rotation_is_overdue_from_the_moment_it_was_due(hours: float, overdue: float) -> None:
    """Judged by the clock of the service."""
    world = rotated()
    world.store.times = world.store.times._replace(due=NOW - hours * HOUR)
    assert examined(world).overdue_hours == overdue


def test_a_rotation_that_was_switched_off_is_overdue_since_then() -> None:
    """The service names no next date for it."""
    world = rotated()
    world.store.rotation_enabled = False
    world.store.times = world.store.times._replace(due=None, changed=NOW - 48 * HOUR)
    assert examined(world).overdue_hours == 48.0


def test_a_credential_that_never_rotated_is_as_old_as_its_secret() -> None:
    """The first password was generated with it."""
    world = rotated()
    world.store.times = world.store.times._replace(rotated=None)
    assert examined(world).rotated_days == 1.0


def test_the_two_logins_of_a_pair_are_compared() -> None:
    """Each difference is named."""
    world = rotated("alternating_users")
    world.database.privileges[ALTERNATE].add("DELETE")
    assert examined(world).differences == (f"{USERNAME} lacks DELETE",)


def test_a_pair_whose_second_login_is_not_made_yet_is_no_difference() -> None:
    """The first rotation makes it."""
    world = World.just_started("alternating_users")
    world.store.labels["new"].clear()
    world.store.times = Times(NOW, created=NOW)
    world.database.trusted_until = NOW
    assert examined(world).differences == ()


@pytest.mark.parametrize(
    "arrange", [lambda world: world.run_until(Step.CREATE), lambda world: world.run_until(Step.SET)]
)
def test_a_pair_is_not_compared_while_a_rotation_works_on_it(arrange: Callable[[World], object]) -> None:
    """Between two statements of a database without transactions the logins differ."""
    world = rotated("alternating_users")
    world.token = "next"
    world.store.stage("next", AWSPENDING)
    arrange(world)
    health = examined(world)
    assert (health.differences, health.failure, health.unexamined) == (None, None, None)


def old_password_logs_in(world: World) -> bool:
    """Tell whether the password of before the last rotation does."""
    return world.database.accepts(USERNAME, "current password")


def test_an_old_password_is_left_alone_for_as_long_as_the_deployment_says() -> None:
    """Who cached it may go on using it."""
    world = rotated("admin_reset", retains_passwords=True)
    assert examined(world).retained_hours is None
    assert old_password_logs_in(world)


def test_an_old_password_whose_time_is_over_is_discarded() -> None:
    """By the administrator; once more changes nothing."""
    world = rotated("admin_reset", retains_passwords=True, retain_for="1800")
    assert old_password_logs_in(world)
    for _ in range(2):
        assert examined(world).retained_hours == 0.0
        assert not old_password_logs_in(world)
        assert world.logs_in(AWSCURRENT)


def test_an_old_password_that_cannot_be_discarded_is_reported_with_its_hours() -> None:
    """And the examination counts as incomplete."""
    world = rotated("admin_reset", retains_passwords=True, retain_for="1800")
    world.store.others[ADMINISTRATOR_ARN] = json.dumps({"username": "master", "password": "changed by hand"})
    health = examined(world)
    assert health.retained_hours == 0.5
    assert isinstance(health.unexamined, AuthenticationError)
    assert health.failure is None


def test_nothing_is_discarded_while_a_rotation_has_begun() -> None:
    """It retains AWSCURRENT."""
    world = rotated("admin_reset", retains_passwords=True, retain_for="1800")
    world.token = "next"
    world.store.stage("next", AWSPENDING)
    world.run_until(Step.SET)
    examined(world)
    assert world.logs_in(AWSCURRENT)
    assert world.logs_in(AWSPENDING)


def test_a_rotation_that_began_while_the_probe_waited_for_the_lock_loses_nothing() -> None:
    """What is retained then is AWSCURRENT."""
    world = rotated("admin_reset", retains_passwords=True, retain_for="1800")

    def begin_meanwhile() -> None:
        world.database.when_locked = lambda: None
        world.token = "next"
        world.store.stage("next", AWSPENDING)
        world.run_until(Step.SET)

    world.database.when_locked = begin_meanwhile
    examined(world)
    assert world.logs_in(AWSCURRENT)
    assert world.logs_in(AWSPENDING)


@pytest.mark.parametrize("failure", [PrivilegeError("Denied."), ThrottledError("Slow down.")])
def test_what_secrets_manager_does_not_hand_out_says_nothing_of_the_credential(
    failure: PrivilegeError | ThrottledError, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be the probe's role that lacks something: the examination is incomplete."""
    world = rotated()

    def refuse(*_: object, **__: object) -> str:
        raise failure

    monkeypatch.setattr(world.store, "read", refuse)
    health = examined(world)
    assert (health.failure, health.unexamined) == (None, failure)
    assert health.rotated_days is not None


def test_a_secret_without_our_tags_is_not_examined() -> None:
    """Nothing connects anywhere."""
    world = rotated()
    world.store.tags = {}
    health = examined(world)
    assert health.unexamined is not None
    assert health.unexamined.cause is Cause.REFUSED


def test_a_value_of_another_host_is_refused_before_anything_connects() -> None:
    """As by a rotation."""
    world = rotated()
    world.database.logins.clear()
    world.store.stage("by hand", AWSCURRENT, value=value("any", host="elsewhere.example"))
    health = examined(world)
    assert health.failure is not None
    assert health.failure.cause is Cause.REFUSED
    assert world.database.logins == []


@pytest.mark.parametrize("event", [None, {}, {"secrets": []}, {"secrets": "arn"}, {"secrets": [""]}, {"secrets": [7]}])
def test_an_event_that_names_no_secrets_is_refused(event: object) -> None:
    """With the form that it should have."""
    with pytest.raises(BadEventError, match="invoke the probe with"):
        ProbeRequest.parse(event)


def test_a_secret_that_is_named_twice_is_examined_once() -> None:
    """In the event's order."""
    assert ProbeRequest.parse({"secrets": ["b", "a", "b"]}).secret_ids == ("b", "a")

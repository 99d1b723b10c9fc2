"""What is done when secret and database disagree: the recovery table of docs/architecture.md, row by row.

Each row is one test; its parameters are the table's columns.
"""

from __future__ import annotations

import json

import pytest

from rotating_rds_function.domain.errors import AdministratorError, AuthenticationError
from rotating_rds_function.domain.steps import Step
from rotating_rds_function.domain.versions import AWSCURRENT, AWSPENDING, AWSPREVIOUS
from tests.support.rotations import ADMINISTRATOR, ALTERNATE, KINDS, USERNAME, World, value

_EVERY_KIND = pytest.mark.parametrize(("strategy", "retains"), KINDS)
_ADMINISTERED = pytest.mark.parametrize(("strategy", "retains"), [kind for kind in KINDS if kind[0] != "single_user"])


def _ends_well(world: World) -> bool:
    return world.logs_in(AWSCURRENT) and world.store.labels[world.token] == {AWSCURRENT}


@_EVERY_KIND
def test_a_pending_value_that_is_live_already_is_promoted(strategy: str, *, retains: bool) -> None:
    """An earlier run died after the database had changed the password."""
    world = World.just_started(strategy, retains_passwords=retains)
    world.run_until(Step.SET)
    world.twin().run_until(Step.FINISH)
    assert _ends_well(world)


@_EVERY_KIND
def test_a_current_value_that_no_longer_logs_in_is_replaced_where_another_one_or_an_administrator_does(
    strategy: str, *, retains: bool
) -> None:
    """Somebody changed the password in the database; it was the previous one, or the administrator needs none."""
    world = World.just_started(strategy, retains_passwords=retains)
    world.store.stage("older", AWSPREVIOUS, value=value("previous password"))
    world.database.passwords[USERNAME] = "previous password" if strategy == "single_user" else "set by hand"
    world.run_until(Step.FINISH)
    assert _ends_well(world)


@pytest.mark.parametrize("has_previous", [True, False])
def test_a_single_user_whom_no_labelled_value_logs_in_needs_a_person(world: World, *, has_previous: bool) -> None:
    """Who learns what to do."""
    if has_previous:
        world.store.stage("older", AWSPREVIOUS, value=value("previous password"))
    world.database.passwords[USERNAME] = "set by hand"
    world.run(Step.CREATE)
    with pytest.raises(AuthenticationError, match=r"Neither .* PutSecretValue.* ModifyDBInstance") as caught:
        world.run(Step.SET)
    assert caught.value.__context__ is None


@_ADMINISTERED
def test_after_awspending_was_stripped_by_hand_the_next_rotation_starts_afresh(strategy: str, *, retains: bool) -> None:
    """The password that setSecret left in the database is unknown, which an administrator does not mind."""
    world = World.just_started(strategy, retains_passwords=retains)
    world.run_until(Step.SET)
    world.store.move_label("arn", label=AWSPENDING, source="new", destination=None)
    world.start_another("newer")
    world.run_until(Step.FINISH)
    assert _ends_well(world)


def test_after_awspending_was_stripped_by_hand_a_single_user_needs_the_label_back(world: World) -> None:
    """The live password is in a version without a label: putting AWSPENDING back finishes the rotation."""
    world.run_until(Step.SET)
    world.store.move_label("arn", label=AWSPENDING, source="new", destination=None)
    world.start_another("newer")
    world.run(Step.CREATE)
    with pytest.raises(AuthenticationError, match="put that label back with UpdateSecretVersionStage"):
        world.run(Step.SET)
    world.start_another("new")
    world.run_until(Step.FINISH)
    assert _ends_well(world)


@_EVERY_KIND
def test_a_database_that_was_restored_from_an_older_snapshot_is_rotated_on(strategy: str, *, retains: bool) -> None:
    """Its passwords are those of before the last rotation; the twin of a pair may not be in the snapshot."""
    world = World.just_started(strategy, retains_passwords=retains)
    passwords, privileges = dict(world.database.passwords), dict(world.database.privileges)
    world.run_until(Step.FINISH)
    world.database.passwords, world.database.privileges, world.database.retained = passwords, privileges, {}
    world.start_another("newer")
    if strategy == "alternating_users":
        # AWSCURRENT is the twin, which is gone: the pair is made again from the login that is left.
        assert ALTERNATE not in world.database.passwords
    world.run_until(Step.FINISH)
    assert _ends_well(world)


@_EVERY_KIND
def test_a_current_value_that_was_edited_by_hand_is_rotated_on(strategy: str, *, retains: bool) -> None:
    """PutSecretValue with a wrong password: the value before it is AWSPREVIOUS, and is the right one."""
    world = World.just_started(strategy, retains_passwords=retains)
    world.store.stage("old", AWSPREVIOUS)
    world.store.stage("edited", AWSCURRENT, value=value("a typing mistake"))
    world.run_until(Step.FINISH)
    assert _ends_well(world)


@_ADMINISTERED
def test_a_new_token_after_an_abandoned_set_secret_starts_afresh(strategy: str, *, retains: bool) -> None:
    """The abandoned version's password is overwritten by the next one's."""
    world = World.just_started(strategy, retains_passwords=retains)
    world.run_until(Step.SET)
    world.start_another("newer")
    world.run_until(Step.FINISH)
    assert _ends_well(world)
    assert world.store.labels["new"] == set()


def test_a_single_user_s_new_token_after_an_abandoned_create_secret_starts_afresh(world: World) -> None:
    """The abandoned password never reached the database."""
    world.run(Step.CREATE)
    world.start_another("newer")
    world.run_until(Step.FINISH)
    assert _ends_well(world)


@_ADMINISTERED
def test_an_administrator_who_is_being_rotated_is_waited_for(strategy: str, *, retains: bool) -> None:
    """Between setSecret and finishSecret of their own rotation, their AWSCURRENT value does not log in."""
    world = World.just_started(strategy, retains_passwords=retains)
    world.run(Step.CREATE)
    world.database.passwords[ADMINISTRATOR] = "the administrator's next password"
    sleep = world.clock.sleep

    def promote(seconds: float) -> None:
        sleep(seconds)
        promoted = {"username": ADMINISTRATOR, "password": "the administrator's next password"}
        world.store.others = dict.fromkeys(world.store.others, json.dumps(promoted))

    world.clock.sleep = promote  # type: ignore[method-assign]
    for step in (Step.SET, Step.TEST, Step.FINISH):
        world.run(step)
    assert _ends_well(world)


@_ADMINISTERED
def test_an_administrator_who_does_not_log_in_is_reported_after_a_few_seconds(strategy: str, *, retains: bool) -> None:
    """Under a cause of its own sentence, because it is another secret that has to be repaired."""
    world = World.just_started(strategy, retains_passwords=retains)
    world.run(Step.CREATE)
    world.database.passwords[ADMINISTRATOR] = "set by hand"
    with pytest.raises(AdministratorError, match="rotate the administrator's secret"):
        world.run(Step.SET)
    assert 1 < world.clock.now() < 6
    assert world.keeps_its_promise

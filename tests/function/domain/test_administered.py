"""Strategies in which an administrator changes the password: what they refuse, and what a rotation costs."""

from __future__ import annotations

import json

import pytest

from rotating_rds_function.domain.errors import MalformedSecretError, PrivilegeError, RefusedError, WrongStateError
from rotating_rds_function.domain.rotation import Outcome
from rotating_rds_function.domain.steps import Step
from rotating_rds_function.domain.versions import AWSPENDING
from tests.support.rotations import ADMINISTRATOR, ADMINISTRATOR_ARN, USERNAME, World, value

_ADMINISTERED = pytest.mark.parametrize("strategy", ["admin_reset", "alternating_users"])


def _created(strategy: str, *, retains_passwords: bool = False) -> World:
    world = World.just_started(strategy, retains_passwords=retains_passwords)
    world.run(Step.CREATE)
    return world


def _administrator(**document: object) -> str:
    return json.dumps({"username": ADMINISTRATOR, "password": "master password", **document})


@_ADMINISTERED
def test_an_administrator_s_secret_that_rds_manages_serves(strategy: str) -> None:
    """It holds user and password alone; the endpoint is the deployment's."""
    world = _created(strategy)
    world.store.others[ADMINISTRATOR_ARN] = _administrator()
    world.run(Step.SET)
    assert world.logs_in(AWSPENDING)


@_ADMINISTERED
@pytest.mark.parametrize(
    "forged", [{"username": "rdsadmin"}, {"host": "evil.example"}, {"port": 1}, {"engine": "oracle"}], ids=str
)
def test_a_forged_administrator_s_value_is_refused_before_anything_connects(
    strategy: str, forged: dict[str, object]
) -> None:
    """Whoever may write that secret must not choose who changes passwords, nor where the credential is sent."""
    world = _created(strategy)
    world.store.others[ADMINISTRATOR_ARN] = _administrator(**forged)
    with pytest.raises(RefusedError, match="administrator's AWSCURRENT value of the secret names another"):
        world.run(Step.SET)
    assert world.database.logins == []


@_ADMINISTERED
@pytest.mark.parametrize("forged", [{"host": "evil.example"}, {"username": "rdsadmin"}], ids=str)
@pytest.mark.parametrize("version", ["old", "new"])
def test_a_forged_value_of_the_user_is_refused_before_anything_connects(
    strategy: str, version: str, forged: dict[str, object]
) -> None:
    """The administrator could otherwise be made to set anybody's password."""
    world = _created(strategy)
    world.store.values[version] = value("attacker's password", **forged)
    with pytest.raises(RefusedError):
        world.run(Step.SET)
    assert world.database.logins == []


@_ADMINISTERED
@pytest.mark.parametrize("text", ["{", '{"username": "master"}'])
def test_a_malformed_administrator_s_value_is_refused(strategy: str, text: str) -> None:
    """The sentence says which secret it is."""
    world = _created(strategy)
    world.store.others[ADMINISTRATOR_ARN] = text
    with pytest.raises(MalformedSecretError, match="administrator's AWSCURRENT"):
        world.run(Step.SET)


@_ADMINISTERED
def test_an_administrator_s_secret_without_a_value_is_named(strategy: str) -> None:
    """By its ARN, because it is not the one that rotates."""
    world = _created(strategy)
    world.store.others[ADMINISTRATOR_ARN] = None
    with pytest.raises(WrongStateError, match=f"The administrator's secret {ADMINISTRATOR_ARN} has no AWSCURRENT"):
        world.run(Step.SET)


@_ADMINISTERED
def test_a_protected_user_is_refused_before_any_change(strategy: str) -> None:
    """The administrator logs in, looks, and leaves."""
    world = _created(strategy)
    world.database.protected.add(USERNAME)
    before = dict(world.database.passwords)
    with pytest.raises(RefusedError, match="protects"):
        world.run(Step.SET)
    assert world.database.passwords == before
    assert world.database.open_sessions == 0


@_ADMINISTERED
def test_an_administrator_who_lacks_a_privilege_is_told_which_before_any_change(strategy: str) -> None:
    """And not at the second rotation, with half of the work done."""
    world = _created(strategy)
    world.database.administrators[ADMINISTRATOR] = {"CREATE USER", "GRANT OPTION"}
    before = dict(world.database.passwords)
    with pytest.raises(PrivilegeError, match="lacks CREATE USER, GRANT OPTION"):
        world.run(Step.SET)
    assert world.database.passwords == before


@_ADMINISTERED
def test_test_secret_works_alone_right_after_a_deployment_without_the_administrator(strategy: str) -> None:
    """Pending is a copy of current then, and a twin need not exist."""
    world = World.just_started(strategy)
    world.store.stage("new", AWSPENDING, value=value("current password"))
    assert world.run(Step.TEST) is Outcome.SUCCEEDED
    assert world.database.logins == [(USERNAME, True)]


@_ADMINISTERED
def test_the_deployment_s_query_is_run_as_the_pending_user(strategy: str) -> None:
    """It says what has to work."""
    world = World.just_started(strategy)
    world.store.tags = {**world.store.tags, "rotating-rds:test-query": "SELECT 1 FROM orders"}
    world.run_until(Step.TEST)
    assert world.database.queries == ["SELECT 1 FROM orders"]


@pytest.mark.parametrize(("strategy", "calls", "connections"), [("admin_reset", 14, 2), ("alternating_users", 16, 3)])
def test_a_healthy_rotation_stays_inside_its_budget(strategy: str, calls: int, connections: int) -> None:
    """What is read again is read under the lock; no login fails."""
    world = World.just_started(strategy)
    world.run_until(Step.FINISH)
    assert len(world.store.calls) == calls
    assert [accepted for _, accepted in world.database.logins] == [True] * connections

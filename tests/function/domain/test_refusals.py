"""What a rotation must not do: wrong states, forged and malformed values, secrets of somebody else."""

from __future__ import annotations

import pytest

from rotating_rds_function.domain.errors import (
    ConfigurationError,
    LabelsMovedError,
    MalformedSecretError,
    RefusedError,
    WrongStateError,
)
from rotating_rds_function.domain.steps import Step
from rotating_rds_function.domain.versions import AWSPENDING, AWSPREVIOUS
from tests.support.rotations import USERNAME, World, value


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
    assert world.database.passwords[USERNAME] == "current password"


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

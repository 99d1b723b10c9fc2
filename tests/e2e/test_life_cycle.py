"""Deploy, rotate, log in, update, destroy, deploy again: in this order, on a local cloud of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from localcloud.cloud import LocalCloud
from tests.support.deployment import STACKS, CdkError, Deployment
from tests.support.processes import alive

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A local cloud, bootstrapped, with the app deployed to it for the first time."""
    folder = tmp_path_factory.mktemp("life")
    with LocalCloud.start(folder / "cloud") as cloud:
        deployment = Deployment.prepare(cloud, folder)
        deployment.deploy()
        yield deployment


def edit_settings(deployment: Deployment, old: str, new: str) -> None:
    """Change the environment's file, as a user does."""
    path = deployment.app / "environments" / "local.toml"
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def test_every_stack_is_deployed(life: Deployment) -> None:
    """One command deploys network, audit and database."""
    assert life.stacks == dict.fromkeys(STACKS, "CREATE_COMPLETE")


def test_the_generated_credential_logs_in(life: Deployment) -> None:
    """The secret holds all that it takes to connect, and nobody ever typed a password."""
    value = life.value()
    assert value is not None
    assert value.keys() >= {"engine", "host", "port", "username", "password", "dbname", "dbInstanceIdentifier"}
    assert life.logs_in(value)


def test_the_first_deployment_does_not_rotate_by_surprise(life: Deployment) -> None:
    """The schedule begins without a rotation, and no trial leaves AWSPENDING behind."""
    assert "AWSPENDING" not in life.labels
    assert life.cloud.rotations() == []


def test_a_rotation_replaces_the_password(life: Deployment) -> None:
    """Afterwards the new value logs in and the old one does not."""
    before, old = life.labels["AWSCURRENT"], life.value()
    record = life.rotate()
    assert (record.outcome, record.attempts) == ("succeeded", 1)
    assert life.labels == {"AWSCURRENT": record.version_id, "AWSPREVIOUS": before}
    assert life.logs_in(life.value())
    assert not life.logs_in(old)


def test_an_update_keeps_secret_instance_and_password(life: Deployment) -> None:
    """Another schedule is an update in place: what rotated stays rotated."""
    before, secret, instance = life.labels, life.secret, life.cloud.control.databases()
    edit_settings(life, "rate(30 days)", "rate(7 days)")
    life.deploy()
    assert (life.secret, life.cloud.control.databases()) == (secret, instance)
    assert life.labels == before
    assert life.logs_in(life.value())
    described = life.cloud.client("secretsmanager").describe_secret(SecretId=secret)
    assert described["RotationRules"]["ScheduleExpression"] == "rate(7 days)"
    assert described["RotationEnabled"]


def test_it_rotates_after_an_update_of_the_instance(life: Deployment) -> None:
    """CloudFormation hands RDS the rotated password again at any update: it must be one that RDS takes."""
    edit_settings(life, "backup_retention_days = 1", "backup_retention_days = 2")
    life.deploy()
    assert life.logs_in(life.value())
    assert life.rotate().outcome == "succeeded"


def test_a_failed_update_rolls_back_and_the_credential_still_works(life: Deployment) -> None:
    """A deployment that fails half-way costs nobody the database."""
    before = life.labels
    edit_settings(life, 'engine_version = "18"', 'engine_version = "17"')
    with pytest.raises(CdkError):
        life.deploy()
    assert life.labels == before
    assert life.logs_in(life.value())
    edit_settings(life, 'engine_version = "17"', 'engine_version = "18"')
    life.deploy()
    assert life.rotate().outcome == "succeeded"


def test_destroying_leaves_nothing_behind(life: Deployment) -> None:
    """No secret, no server, no stack: a destroyable environment is destroyed whole."""
    (database,) = life.cloud.control.databases()
    assert database.pid is not None
    life.destroy()
    assert life.stacks == {}
    assert life.cloud.client("secretsmanager").list_secrets()["SecretList"] == []
    assert life.cloud.control.databases() == []
    assert not alive(database.pid)
    assert not Path(database.log_file).exists()


def test_it_deploys_again_after_having_been_destroyed(life: Deployment) -> None:
    """Nothing that was left behind stands in the way of a second life."""
    life.deploy_again()
    assert life.stacks == dict.fromkeys(STACKS, "CREATE_COMPLETE")
    assert life.rotate().outcome == "succeeded"
    assert life.logs_in(life.value())

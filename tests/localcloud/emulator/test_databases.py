"""DB instances of the emulator have real servers behind them."""

from __future__ import annotations

import contextlib
import json
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pg8000.dbapi
import pytest

from tests.support import emulated
from tests.support.control import post, refusal
from tests.support.emulated_database import OUTPUTS, record, resources, secret_value
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.cloud import LocalCloud

FAILOVER = [
    "Multi-AZ instance failover started.",
    "DB instance restarted",
    "Multi-AZ instance failover completed",
]


@pytest.fixture
def stack(cloud: LocalCloud) -> Iterator[str]:
    """Deploy a database and return its stack's name, which is the instance's identifier too."""
    name = emulated.unique("database")
    assert emulated.deploy(cloud, name, resources(name), OUTPUTS) == "CREATE_COMPLETE"
    yield name
    assert emulated.destroy(cloud, name) == "DELETE_COMPLETE"


def session(cloud: LocalCloud, stack: str, password: str) -> pg8000.dbapi.Connection:
    """Return a session of the master user, over TLS verified by the local cloud's authority."""
    found = record(cloud, stack)
    context = ssl.create_default_context(cafile=cloud.ca_bundle)
    arguments = {"host": found.host, "port": found.port, "database": "orders", "ssl_context": context}
    return pg8000.dbapi.connect(user="dbadmin", password=password, **arguments)


def logs_in(cloud: LocalCloud, stack: str, password: str) -> bool:
    """Whether the master user gets in with a password."""
    try:
        connection = session(cloud, stack, password)
    except (pg8000.dbapi.Error, OSError):
        return False
    with contextlib.closing(connection):
        return True


def test_the_attached_secret_logs_in(cloud: LocalCloud, stack: str) -> None:
    """The attachment completes the secret with what it takes to connect, and it does."""
    value = secret_value(cloud, stack)
    assert logs_in(cloud, stack, value["password"])
    assert not logs_in(cloud, stack, "another password")
    found = record(cloud, stack)
    assert value == {
        "username": "dbadmin",
        "password": value["password"],
        "engine": "postgres",
        "host": "localhost",
        "port": found.port,
        "dbname": "orders",
        "dbInstanceIdentifier": stack,
    }


def test_attributes_and_description_name_the_server(cloud: LocalCloud, stack: str) -> None:
    """Endpoint.Address and Endpoint.Port and DescribeDBInstances are where the server listens."""
    found, outputs = record(cloud, stack), emulated.outputs(cloud, stack)
    instance = cloud.client("rds").describe_db_instances(DBInstanceIdentifier=stack)["DBInstances"][0]
    assert (outputs["Address"], outputs["Port"]) == (found.host, str(found.port))
    assert (instance["Endpoint"]["Port"], instance["DBInstanceStatus"]) == (found.port, "available")


def test_modifying_the_master_password_changes_the_servers(cloud: LocalCloud, stack: str) -> None:
    """After ModifyDBInstance the new password logs in and the old one does not."""
    before = secret_value(cloud, stack)["password"]
    cloud.client("rds").modify_db_instance(DBInstanceIdentifier=stack, MasterUserPassword="set by hand")
    assert (logs_in(cloud, stack, "set by hand"), logs_in(cloud, stack, before)) == (True, False)


def test_an_update_of_the_instance_resolves_its_password_again(cloud: LocalCloud, stack: str) -> None:
    """A changed definition hands the secret's present password to the server, as on AWS."""
    cloud.client("rds").modify_db_instance(DBInstanceIdentifier=stack, MasterUserPassword="drifted away")
    secret = emulated.outputs(cloud, stack)["Secret"]
    value = secret_value(cloud, stack) | {"password": "rotated-in-the-meantime"}
    cloud.client("secretsmanager").put_secret_value(SecretId=secret, SecretString=json.dumps(value))
    emulated.deploy(cloud, stack, resources(stack, BackupRetentionPeriod=7), OUTPUTS)
    assert logs_in(cloud, stack, "rotated-in-the-meantime")
    instance = cloud.client("rds").describe_db_instances(DBInstanceIdentifier=stack)["DBInstances"][0]
    assert instance["BackupRetentionPeriod"] == 7


def test_stopping_and_starting_by_the_api_is_real(cloud: LocalCloud, stack: str) -> None:
    """A stopped instance refuses logins and says so; a started one takes them on the same port."""
    rds, password = cloud.client("rds"), secret_value(cloud, stack)["password"]
    rds.stop_db_instance(DBInstanceIdentifier=stack)
    assert not logs_in(cloud, stack, password)
    assert emulated.error_of(rds.stop_db_instance, DBInstanceIdentifier=stack) == "InvalidDBInstanceState"
    rds.start_db_instance(DBInstanceIdentifier=stack)
    assert logs_in(cloud, stack, password)


def test_a_failover_cuts_sessions_and_keeps_what_was_committed(cloud: LocalCloud, stack: str) -> None:
    """The standby has the primary's data, address and password, and is in another zone; RDS tells of it."""
    rds, value = cloud.client("rds"), secret_value(cloud, stack)
    rds.modify_db_instance(DBInstanceIdentifier=stack, MultiAZ=True, ApplyImmediately=True)
    (before,) = rds.describe_db_instances(DBInstanceIdentifier=stack)["DBInstances"]
    primary = session(cloud, stack, value["password"])
    primary.cursor().execute("CREATE TABLE kept (number int)")
    primary.commit()
    rds.reboot_db_instance(DBInstanceIdentifier=stack, ForceFailover=True)
    with pytest.raises((pg8000.dbapi.Error, OSError)), contextlib.closing(primary):
        primary.cursor().execute("SELECT 1")
    with contextlib.closing(session(cloud, stack, value["password"])) as standby:
        standby.cursor().execute("SELECT FROM kept")
    assert eventually(lambda: [event["Message"] for event in events(cloud, stack)] == FAILOVER)
    (after,) = rds.describe_db_instances(DBInstanceIdentifier=stack)["DBInstances"]
    assert after["Endpoint"] == before["Endpoint"]
    assert after["AvailabilityZone"] != before["AvailabilityZone"]


def test_without_a_standby_there_is_no_failover(cloud: LocalCloud, stack: str) -> None:
    """It is refused, and the server goes on; a reboot is none."""
    rds, server = cloud.client("rds"), record(cloud, stack)
    refused = emulated.error_of(rds.reboot_db_instance, DBInstanceIdentifier=stack, ForceFailover=True)
    assert refused == "InvalidParameterCombination"
    assert record(cloud, stack) == server
    rds.reboot_db_instance(DBInstanceIdentifier=stack)
    assert record(cloud, stack).pid != server.pid
    assert eventually(lambda: [event["Message"] for event in events(cloud, stack)] == ["DB instance restarted"])


def events(cloud: LocalCloud, stack: str) -> list[Any]:
    """Return what RDS tells of an instance, the oldest first."""
    found: list[Any] = cloud.client("rds").describe_events(SourceIdentifier=stack, SourceType="db-instance")["Events"]
    return found


def test_the_control_api_crashes_and_revives_a_server(cloud: LocalCloud, stack: str) -> None:
    """A killed server is told by the control API and DescribeDBInstances, and starts again."""
    password = secret_value(cloud, stack)["password"]
    cloud.control.kill_database(stack)
    instance = cloud.client("rds").describe_db_instances(DBInstanceIdentifier=stack)["DBInstances"][0]
    assert (record(cloud, stack).pid, instance["DBInstanceStatus"]) == (None, "stopped")
    cloud.control.start_database(stack)
    assert logs_in(cloud, stack, password)


def test_an_unknown_database_cannot_be_commanded(cloud: LocalCloud) -> None:
    """The control API names the identifier that it does not know."""
    assert refusal(cloud, "POST /databases/nowhere/stop") == (
        404,
        "There is no DB instance 'nowhere' with a running server.",
    )


def test_deleting_the_stack_removes_server_and_files(cloud: LocalCloud) -> None:
    """Nothing of a database is left, and the same stack can be deployed again."""
    name = emulated.unique("database")
    for _ in range(2):
        emulated.deploy(cloud, name, resources(name), OUTPUTS)
        log_file = Path(record(cloud, name).log_file)
        assert log_file.exists()
        assert emulated.destroy(cloud, name) == "DELETE_COMPLETE"
        assert record(cloud, name) is None
        assert not log_file.parent.exists()


def test_a_protected_instance_is_not_deleted(cloud: LocalCloud) -> None:
    """DeletionProtection fails the stack's deletion, which spares the secret too, until it is switched off."""
    name = emulated.unique("database")
    emulated.deploy(cloud, name, resources(name, DeletionProtection=True), OUTPUTS)
    assert emulated.destroy(cloud, name) == "DELETE_FAILED"
    assert "deploy it without DeletionProtection first" in emulated.failure_reasons(cloud, name)
    assert logs_in(cloud, name, secret_value(cloud, name)["password"])
    cloud.client("rds").modify_db_instance(DBInstanceIdentifier=name, DeletionProtection=False)
    assert emulated.destroy(cloud, name) == "DELETE_COMPLETE"


def test_an_engine_without_server_fails_the_deployment(cloud: LocalCloud) -> None:
    """The reason names the engine and what there is."""
    name = emulated.unique("database")
    assert emulated.deploy(cloud, name, resources(name, Engine="oracle-se2")) == "ROLLBACK_COMPLETE"
    assert "runs postgres, mysql, mariadb, not the engine 'oracle-se2'" in emulated.failure_reasons(cloud, name)


def test_an_engine_version_that_is_not_installed_fails_the_deployment(cloud: LocalCloud) -> None:
    """Nobody shall believe to have tried another version than the one that ran."""
    name = emulated.unique("database")
    assert emulated.deploy(cloud, name, resources(name, EngineVersion="9.6")) == "ROLLBACK_COMPLETE"
    assert "Cannot find version 9.6 for postgres: the local cloud runs " in emulated.failure_reasons(cloud, name)


def test_an_update_to_such_a_version_is_rolled_back(cloud: LocalCloud, stack: str) -> None:
    """The instance, its server and its password stay as they were."""
    password = secret_value(cloud, stack)["password"]
    assert emulated.deploy(cloud, stack, resources(stack, EngineVersion="9.6"), OUTPUTS) == "UPDATE_ROLLBACK_COMPLETE"
    assert logs_in(cloud, stack, password)


def test_a_failed_deployment_leaves_no_server(cloud: LocalCloud) -> None:
    """A resource that fails after the instance rolls the instance back, server and all."""
    name = emulated.unique("database")
    broken = {
        "Type": "AWS::SecretsManager::RotationSchedule",
        "Properties": {"SecretId": "no-such-secret", "RotationLambdaARN": "arn:aws:lambda:us-east-1:000000000000:x"},
        "DependsOn": "Attachment",
    }
    assert emulated.deploy(cloud, name, {**resources(name), "Broken": broken}) == "ROLLBACK_COMPLETE"
    assert record(cloud, name) is None


def test_stopping_by_the_control_api_answers_the_record(cloud: LocalCloud, stack: str) -> None:
    """The answer of a command is the database as it is afterwards."""
    assert post(cloud, f"/databases/{stack}/stop")["pid"] is None
    assert post(cloud, f"/databases/{stack}/start")["pid"] > 0

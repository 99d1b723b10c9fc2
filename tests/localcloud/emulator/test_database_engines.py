"""MySQL and MariaDB behind the emulator's DB instances; what holds for every engine is tested with PostgreSQL."""

from __future__ import annotations

import contextlib
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pymysql
import pytest

from localcloud.databases import ENGINES
from tests.support import emulated
from tests.support.emulated_database import OUTPUTS, record, resources, secret_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymysql.connections import Connection
    from pymysql.cursors import Cursor

    from localcloud.cloud import LocalCloud


@pytest.fixture(params=["mysql", "mariadb"])
def engine(request: pytest.FixtureRequest) -> str:
    """Return RDS's name of an engine."""
    name: str = request.param
    return name


@pytest.fixture
def stack(cloud: LocalCloud, engine: str) -> Iterator[str]:
    """Deploy a database and return its stack's name, which is the instance's identifier too."""
    name = emulated.unique("database")
    version = ENGINES[engine].installed_version()
    declared = resources(name, Engine=engine, EngineVersion=version)
    assert emulated.deploy(cloud, name, declared, OUTPUTS) == "CREATE_COMPLETE"
    yield name
    assert emulated.destroy(cloud, name) == "DELETE_COMPLETE"


def _log_in(cloud: LocalCloud, value: dict[str, Any]) -> Connection[Cursor]:
    return pymysql.connect(
        user=value["username"],
        password=value["password"],
        host=value["host"],
        port=value["port"],
        database=value["dbname"],
        ssl=ssl.create_default_context(cafile=cloud.ca_bundle),
    )


def test_the_attached_secret_logs_in_and_the_general_log_shows_it(cloud: LocalCloud, stack: str, engine: str) -> None:
    """The attachment completes the secret with what it takes to connect; what clients send is found in the log."""
    value = secret_value(cloud, stack)
    assert (value["engine"], value["dbname"]) == (engine, "orders")
    with contextlib.closing(_log_in(cloud, value)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 'found in the log'")
    assert "SELECT 'found in the log'" in Path(record(cloud, stack).general_log).read_text()


def test_modifying_the_master_password_changes_the_servers(cloud: LocalCloud, stack: str) -> None:
    """After ModifyDBInstance the new password logs in and the old one does not."""
    value = secret_value(cloud, stack)
    cloud.client("rds").modify_db_instance(DBInstanceIdentifier=stack, MasterUserPassword="set by hand")
    _log_in(cloud, value | {"password": "set by hand"}).close()
    with pytest.raises(pymysql.err.OperationalError, match="1045"):
        _log_in(cloud, value)


def test_a_crashed_server_comes_back_with_its_accounts(cloud: LocalCloud, stack: str) -> None:
    """Killed and started by the control API, it takes the same login on the same port."""
    value = secret_value(cloud, stack)
    cloud.control.kill_database(stack)
    assert record(cloud, stack).pid is None
    cloud.control.start_database(stack)
    _log_in(cloud, value).close()


@pytest.mark.parametrize(("engine", "version"), [("mysql", "5.7"), ("mariadb", "10.6.20")])
def test_another_release_series_than_the_installed_one_fails_the_deployment(
    cloud: LocalCloud, engine: str, version: str
) -> None:
    """10.6 is not 10.11: the first two numbers make a release series of these engines."""
    name = emulated.unique("database")
    declared = resources(name, Engine=engine, EngineVersion=version)
    assert emulated.deploy(cloud, name, declared) == "ROLLBACK_COMPLETE"
    installed = ENGINES[engine].installed_version()
    reasons = emulated.failure_reasons(cloud, name)
    assert f"Cannot find version {version} for {engine}: the local cloud runs {installed}" in reasons
    assert ENGINES[engine].variable in reasons

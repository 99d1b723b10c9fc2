"""Connecting to a real MySQL and a real MariaDB over verified TLS while the password changes."""

from __future__ import annotations

import threading
import uuid
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import mysql.connector
import pymysql
import pytest
import sqlalchemy

from localcloud.databases import Authority
from rotating_rds_client import CredentialsRejectedError, RetryPolicy, RotatingConnector, SecretSource
from rotating_rds_client.sqlalchemy import follow_rotations
from rotating_rds_client.tls import CA_BUNDLE_VARIABLE
from tests.support.secrets_manager import FakeSecretsManager

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from localcloud.databases import MariaDbServer, MySqlServer
    from rotating_rds_client import ConnectReport

WHO = "SELECT CONNECTION_ID()"

# By the names that SQLAlchemy has for them.
CONNECT: dict[str, Callable[..., Any]] = {"pymysql": pymysql.connect, "mysqlconnector": mysql.connector.connect}
EVERY_DRIVER = pytest.mark.parametrize("driver", CONNECT)
ERRORS = (pymysql.err.Error, mysql.connector.Error)


@dataclass
class MySqlLogin:
    """An account, and the secret that its password is in."""

    server: MySqlServer | MariaDbServer
    username: str
    manager: FakeSecretsManager = field(default_factory=FakeSecretsManager)

    def store(self, version_id: str, password: str, **more: str) -> None:
        """Make a version current, as finishSecret does."""
        where = {"host": self.server.host, "port": self.server.port}
        self.manager.put(version_id, {**where, "username": self.username, "password": password, **more})

    def execute(self, statement: str, *arguments: str) -> None:
        """Run one statement about the account as the superuser."""
        with closing(self.server.superuser_connection()) as connection, connection.cursor() as cursor:
            cursor.execute(statement, (self.username, *arguments))

    def set_password(self, password: str) -> None:
        """Change the password in the database, as setSecret does."""
        self.execute("ALTER USER %s@'%%' IDENTIFIED BY %s", password)

    def source(self) -> SecretSource:
        """Return a source that holds what is current."""
        source = SecretSource("orders", client=self.manager)
        source.get()
        return source


@pytest.fixture(params=["mysql", "mariadb"])
def account(
    request: pytest.FixtureRequest, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MySqlLogin]:
    """An account whose password is that of version v1."""
    monkeypatch.setenv(CA_BUNDLE_VARIABLE, str(authority.certificate))
    account = MySqlLogin(request.getfixturevalue(request.param), f"client_{uuid.uuid4().hex[:12]}")
    account.execute("CREATE USER %s@'%%' IDENTIFIED BY %s REQUIRE SSL", "hunter2-v1")
    account.store("v1", "hunter2-v1")
    yield account
    account.execute("DROP USER %s@'%%'")


def connector(account: MySqlLogin, driver: str, **options: Any) -> RotatingConnector[Any]:
    """Connect with what the account's secret holds now."""
    return RotatingConnector(account.source(), CONNECT[driver], **options)


@EVERY_DRIVER
def test_the_label_may_move_after_the_password(account: MySqlLogin, driver: str) -> None:
    """Error 1045 once, then the secret is asked until its version changes."""
    reports: list[ConnectReport] = []
    patient = connector(account, driver, observer=reports.append)
    account.set_password("hunter2-v2")
    mover = threading.Timer(1.0, account.store, ["v2", "hunter2-v2"])
    mover.start()
    patient.connect().close()
    mover.join()
    assert [(report.version_id, report.retries) for report in reports] == [("v2", 1)]


@EVERY_DRIVER
def test_a_password_that_nobody_repairs_is_a_typed_error(account: MySqlLogin, driver: str) -> None:
    """After two logins."""
    impatient = connector(account, driver, retry=RetryPolicy(budget=1))
    account.set_password("set-by-hand")
    with pytest.raises(CredentialsRejectedError) as caught:
        impatient.connect()
    assert caught.value.logins == 2


@EVERY_DRIVER
def test_a_missing_database_is_nobody_s_rotation(account: MySqlLogin, driver: str) -> None:
    """The driver's error passes through."""
    account.store("v2", "hunter2-v1", dbname="missing")
    with pytest.raises(ERRORS, match=r"1044|1049"):
        connector(account, driver).connect()


@EVERY_DRIVER
def test_a_password_may_hold_what_latin_1_has_not(account: MySqlLogin, driver: str) -> None:
    """Servers are given passwords in UTF-8."""
    account.set_password("grüße-€-日本")
    account.store("v2", "grüße-€-日本")
    connector(account, driver).connect().close()


@EVERY_DRIVER
@pytest.mark.parametrize("impostor", ["another authority", "another name"])
def test_a_server_that_is_another_one_is_refused(
    account: MySqlLogin, driver: str, impostor: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the authority that signed its certificate, and by the host names in it."""
    if impostor == "another authority":
        monkeypatch.setenv(CA_BUNDLE_VARIABLE, str(Authority.load_or_create(tmp_path / "another").certificate))
    else:
        account.store("v2", "hunter2-v1", host="127.1")  # the same address, by a name that the certificate lacks
    with pytest.raises(ERRORS, match=r"(?i)certificate.verify.failed"):
        connector(account, driver).connect()


@EVERY_DRIVER
def test_a_pool_replaces_what_it_opened_before_a_rotation(account: MySqlLogin, driver: str) -> None:
    """As soon as the newer version is known."""
    source, reports = account.source(), list["ConnectReport"]()
    engine = sqlalchemy.create_engine(f"mysql+{driver}://", pool_size=1, max_overflow=0)
    follow_rotations(engine, source, observer=reports.append)

    def who() -> int:
        with engine.connect() as connection:
            return int(connection.execute(sqlalchemy.text(WHO)).scalar_one())

    before = who()
    account.set_password("hunter2-v2")
    account.store("v2", "hunter2-v2")
    assert who() == before
    source.refresh()
    assert who() != before
    engine.dispose()
    assert [report.version_id for report in reports] == ["v1", "v2"]

"""What MySQL and MariaDB refuse, and what becomes of their answers."""

from __future__ import annotations

import struct
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pymysql.err
import pytest

from rotating_rds_function.adapters.mariadb import MariaDb, MariaDbSession
from rotating_rds_function.adapters.mysql import MySql, MySqlSession
from rotating_rds_function.adapters.mysql_errors import translated
from rotating_rds_function.domain.endpoints import Endpoint
from rotating_rds_function.domain.errors import (
    AuthenticationError,
    ConfigurationError,
    InternalError,
    NotReadyError,
    PrivilegeError,
    RefusedError,
    RotationError,
    TlsError,
    UnreachableError,
    WrongStateError,
)
from tests.support.accounts import MODEL, each_change
from tests.support.engines import PASSWORD
from tests.support.failed_login import failure_of_login
from tests.support.tcp_servers import MYSQL_WITHOUT_TLS, tcp_server

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from tests.support.engines import MySqlFamilyUnderTest

_ENDPOINT = Endpoint("orders.example", 3306, "orders.example")

_CODES: list[tuple[type[RotationError], list[int]]] = [
    (AuthenticationError, [1045, 1130, 1862, 1820, 3118, 3955, 4151, 4003]),
    (NotReadyError, [1040, 1203, 1226, 1129, 1053, 1205, 1213, 1290, 1792, 1836, 1969, 3024, 1114, 1927, 4031]),
    (UnreachableError, [2003, 2006, 2013]),
    (PrivilegeError, [1044, 1142, 1143, 1227, 1370, 1410, 1698]),
    (TlsError, [2026, 3159]),
    (RefusedError, [1251, 2059, 1064, 1193]),
    (WrongStateError, [1049, 1133, 1141, 1146, 1396, 1819, 3638, 3892]),
    (InternalError, [9999]),
]


@pytest.mark.parametrize(("kind", "code"), [(kind, code) for kind, codes in _CODES for code in codes])
def test_every_error_number_has_its_cause(kind: type[RotationError], code: int) -> None:
    """And no word of the server's own text."""
    failure = translated(pymysql.err.OperationalError(code, "the server's own words"), _ENDPOINT)
    assert type(failure).cause is kind.cause
    assert isinstance(failure, kind)
    assert "own words" not in str(failure)
    assert "orders.example:3306" in str(failure)


def test_what_the_driver_did_not_understand_is_told_apart() -> None:
    """Another kind of server listens there."""
    failure = translated(struct.error("the driver's own words"), _ENDPOINT)
    assert isinstance(failure, InternalError)
    assert "own words" not in str(failure)


def test_a_locked_account_is_an_authentication_error_that_says_so(family: MySqlFamilyUnderTest) -> None:
    """The remedy is another one than for a wrong password."""
    family.lock_out(MODEL)
    with pytest.raises(AuthenticationError, match="locked the account"):
        family.database().login(MODEL, PASSWORD)


def test_a_user_without_a_free_connection_is_not_ready(family: MySqlFamilyUnderTest) -> None:
    """Connections come back."""
    family.run("ALTER USER app@'%' WITH MAX_USER_CONNECTIONS 1")
    with closing(family.database().login(MODEL, PASSWORD)), pytest.raises(NotReadyError, match="no connection left"):
        family.database().login(MODEL, PASSWORD)


def test_a_database_that_does_not_exist_is_a_wrong_state(family: MySqlFamilyUnderTest) -> None:
    """The deployment names it; seen by whoever may see databases."""
    family.run("GRANT SELECT ON *.* TO app@'%'")
    with pytest.raises(WrongStateError, match="does not have the database"):
        family.database(database="nowhere").login(MODEL, PASSWORD)


def test_the_deployment_s_database_is_the_session_s(family: MySqlFamilyUnderTest) -> None:
    """For the deployment's query."""
    family.run("GRANT SELECT ON shop.* TO app@'%'")
    with closing(family.database(database="shop").login(MODEL, PASSWORD)) as session:
        session.verify("SELECT * FROM orders")


def test_a_read_only_server_is_not_ready(family: MySqlFamilyUnderTest) -> None:
    """What a former writer answers after a failover."""
    family.run("SET GLOBAL read_only = ON")
    try:
        with closing(family.master()) as session:
            session.lock(MODEL)
            with pytest.raises(NotReadyError, match="read-only"):
                session.replace_password(MODEL, "the second password")
    finally:
        family.run("SET GLOBAL read_only = OFF")


def test_a_query_that_the_user_may_not_run_is_a_privilege_error(family: MySqlFamilyUnderTest) -> None:
    """The application could not either."""
    with closing(family.database().login(MODEL, PASSWORD)) as session, pytest.raises(PrivilegeError):
        session.verify("SELECT * FROM shop.orders")


def test_a_server_without_tls_gets_no_password(family: MySqlFamilyUnderTest) -> None:
    """It offers none in its greeting, and hears nothing at all."""
    heard: list[bytes] = []

    def greet(connection: socket.socket) -> None:
        connection.sendall(MYSQL_WITHOUT_TLS)
        heard.append(connection.recv(1000))

    with tcp_server(greet) as port:
        failure = failure_of_login(family.database(port=port))
    assert isinstance(failure, TlsError)
    assert "does not speak TLS" in str(failure)
    assert heard == [b""]


@pytest.mark.parametrize("code", [1040, 1129])
def test_a_server_that_turns_connections_away_is_not_ready(family: MySqlFamilyUnderTest, code: int) -> None:
    """Full, or wary of the address: the answer comes in place of a greeting."""
    packet = b"\xff" + struct.pack("<H", code) + b"not now"

    def turn_away(connection: socket.socket) -> None:
        connection.sendall(struct.pack("<I", len(packet)) + packet)

    with tcp_server(turn_away) as port:
        failure = failure_of_login(family.database(port=port))
    assert isinstance(failure, NotReadyError)
    assert "not now" not in str(failure)


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_a_server_that_is_something_else_is_told_apart(family: MySqlFamilyUnderTest, said: bytes) -> None:
    """Or a proxy without a server behind it."""
    with tcp_server(lambda connection: connection.sendall(said)) as port:
        failure = failure_of_login(family.database(port=port))
    assert isinstance(failure, InternalError | UnreachableError)


def test_a_server_that_falls_silent_is_given_up_within_the_remaining_time(family: MySqlFamilyUnderTest) -> None:
    """The driver's own reads are bounded as well."""

    def listen(connection: socket.socket) -> None:
        connection.recv(1000)

    with tcp_server(listen) as port:
        began = time.monotonic()
        failure = failure_of_login(family.database(port=port, seconds=0.5))
    assert isinstance(failure, UnreachableError)
    assert time.monotonic() - began < 4


def test_a_server_of_the_other_engine_is_asked_for_nothing(
    family: MySqlFamilyUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MariaDB would write MySQL's statement to its log, password and all."""
    monkeypatch.setattr(type(family), "adapter", {"mysql": MariaDb, "mariadb": MySql}[family.name])
    with each_change(monkeypatch) as statements, pytest.raises(ConfigurationError):
        family.database().login(MODEL, PASSWORD).lock(MODEL)
    assert statements == []


@pytest.mark.parametrize("version", ["5.7.44-log", "10.11.8-MariaDB-log", "unknown"])
def test_only_a_mysql_with_secondary_passwords_is_taken_for_one(version: str) -> None:
    """By its version, once more before a password is sent."""
    check: Callable[[Any, str], None] = MySqlSession._check_version
    check(None, "8.0.36")
    with pytest.raises(ConfigurationError, match="MySQL 8"):
        check(None, version)


def test_only_a_mariadb_is_taken_for_one() -> None:
    """A MySQL would not know its statement, and name it to its log."""
    check: Callable[[Any, str], None] = MariaDbSession._check_version
    check(None, "10.6.18-MariaDB-log")
    with pytest.raises(ConfigurationError, match="MariaDB 10"):
        check(None, "8.0.36")


def test_a_session_that_the_server_ended_is_not_there_any_more(family: MySqlFamilyUnderTest) -> None:
    """As at a restart; closing what is broken raises nothing."""
    with closing(family.database().login(MODEL, PASSWORD)) as session:
        ((number,),) = family.run("SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'app'")
        family.run(f"KILL {number}")
        with pytest.raises((UnreachableError, NotReadyError)) as caught:
            session.lock(MODEL)
    assert caught.value.__context__ is None

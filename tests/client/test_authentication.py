"""Errors as the drivers really raise them: each driver logs in to a real server where one can be had."""

from __future__ import annotations

import importlib
import ssl
from typing import TYPE_CHECKING, Any

import mysql.connector
import psycopg
import pymysql
import pytest

from rotating_rds_client import is_authentication_error
from tests.support.event_loop import run
from tests.support.postgres import MASTER_PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.databases import Authority, PostgresServer

Login = "Callable[[PostgresServer, Authority, dict[str, Any]], object]"


def by_pg8000(server: PostgresServer, authority: Authority, changes: dict[str, Any]) -> object:
    """Log in with pg8000."""
    import pg8000.dbapi  # noqa: PLC0415 - beside the other drivers' imports

    return pg8000.dbapi.connect(**endpoint(server) | {"ssl_context": context(authority)} | changes)


def by_psycopg(server: PostgresServer, authority: Authority, changes: dict[str, Any]) -> object:
    """Log in with psycopg, that is with libpq."""
    arguments = endpoint(server) | {"sslmode": "verify-full", "sslrootcert": str(authority.certificate)} | changes
    arguments["dbname"] = arguments.pop("database")
    return psycopg.connect(**arguments)


def by_asyncpg(server: PostgresServer, authority: Authority, changes: dict[str, Any]) -> object:
    """Log in with asyncpg, which publishes no types."""
    asyncpg = importlib.import_module("asyncpg")

    async def connect() -> object:
        return await asyncpg.connect(**endpoint(server) | {"ssl": context(authority)} | changes)

    return run(connect())


def endpoint(server: PostgresServer) -> dict[str, Any]:
    """Return what all drivers call by the same name."""
    return {
        "host": server.host,
        "port": server.port,
        "user": server.master_username,
        "password": MASTER_PASSWORD,
        "database": "orders",
    }


def context(authority: Authority) -> ssl.SSLContext:
    """Trust the throw-away authority alone."""
    return ssl.create_default_context(cafile=authority.certificate)


LOGINS = [by_pg8000, by_psycopg, by_asyncpg]


def failure(login: Callable[..., object], *arguments: object) -> Exception:
    """Return what a login raises."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one is the driver's business, and under test
        login(*arguments)
    return caught.value


@pytest.mark.parametrize("login", LOGINS)
@pytest.mark.parametrize("changes", [{"password": "wrong"}, {"user": "nobody"}])
def test_a_refused_login_is_recognised(
    postgres: PostgresServer, authority: Authority, login: Callable[..., object], changes: dict[str, str]
) -> None:
    """A wrong password and an unknown user look the same to PostgreSQL's clients."""
    assert is_authentication_error(failure(login, postgres, authority, changes))


@pytest.mark.parametrize("login", LOGINS)
@pytest.mark.parametrize("changes", [{"database": "missing"}, {"port": 1}, {"host": "127.0.0.2"}])
def test_any_other_failure_is_not(
    postgres: PostgresServer, authority: Authority, login: Callable[..., object], changes: dict[str, object]
) -> None:
    """Neither a missing database nor a closed port nor a wrong host name calls for another password."""
    assert not is_authentication_error(failure(login, postgres, authority, changes))


@pytest.mark.parametrize(
    "refused",
    [
        pymysql.err.OperationalError(1045, "Access denied for user 'orders'@'10.0.0.1' (using password: YES)"),
        mysql.connector.ProgrammingError(
            "Access denied for user 'orders'@'10.0.0.1' (using password: YES)", errno=1045
        ),
    ],
)
def test_mysql_s_refusal_is_recognised(refused: Exception) -> None:
    """PyMySQL and MySQL Connector/Python put the server's code into the first argument, as mysqlclient does."""
    assert is_authentication_error(refused)


@pytest.mark.parametrize(
    "error",
    [
        pymysql.err.OperationalError(2003, "Can't connect to MySQL server on 'db' ([Errno 111] Connection refused)"),
        pymysql.err.OperationalError(1049, "Unknown database 'orders'"),
        mysql.connector.InterfaceError("Lost connection to MySQL server at 'db:3306'", errno=2055),
        ValueError(1045),
        ConnectionRefusedError(111, "Connection refused"),
        Exception(),
        Exception("FATAL:  password authentication failed for user, says an application"),
        Exception({"C": "57P03"}),
    ],
)
def test_what_merely_looks_like_a_refusal_is_not(error: Exception) -> None:
    """Other codes, and the right words in the wrong place."""
    assert not is_authentication_error(error)

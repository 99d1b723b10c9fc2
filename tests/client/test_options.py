"""What may not be said beside a secret: a second user, password or database, by whatever name a driver has for it."""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING, Any

import asyncpg
import psycopg
import pymysql
import pytest
import sqlalchemy
from sqlalchemy.dialects.mysql.mysqldb import MySQLDialect_mysqldb
from sqlalchemy.ext.asyncio import create_async_engine

from rotating_rds_client import (
    AsyncRotatingConnector,
    AsyncSecretSource,
    Credentials,
    DriverAdapter,
    RotatingConnector,
    SecretSource,
)
from rotating_rds_client._drivers import complete, keywords_of_driver
from rotating_rds_client.asyncpg_pool import create_pool
from rotating_rds_client.psycopg_pool import async_connection_pool, connection_pool
from rotating_rds_client.sqlalchemy import follow_rotations
from tests.support.secrets_manager import FakeSecretsManager

if TYPE_CHECKING:
    from collections.abc import Callable

WHOLE = Credentials(username="u", password="p", version_id="v1", host="db.example", port=5432, dbname="orders")

OF_THE_SECRET = [
    ("MySQLdb", "user"),
    ("MySQLdb", "password"),
    ("MySQLdb", "passwd"),
    ("asyncpg", "user"),
    ("asyncpg", "password"),
    ("mysql.connector", "user"),
    ("mysql.connector", "username"),
    ("mysql.connector", "password"),
    ("mysql.connector", "passwd"),
    ("mysql.connector", "password1"),
    ("pg8000", "user"),
    ("pg8000", "password"),
    ("psycopg", "user"),
    ("psycopg", "password"),
    ("pymysql", "user"),
    ("pymysql", "password"),
    ("pymysql", "passwd"),
]
CONCEALING = [
    ("asyncpg", "dsn"),
    ("mysql.connector", "dsn"),
    ("mysql.connector", "failover"),
    ("mysql.connector", "option_files"),
    ("mysql.connector", "pool_name"),
    ("mysql.connector", "pool_size"),
    ("psycopg", "conninfo"),
]
COMES_FROM_THE_SECRET = "comes from the secret: leave it out"
BRINGS_ITS_OWN = "brings a user, a database or connections of its own: leave it out"


@pytest.fixture
def source() -> SecretSource:
    """A source whose server nobody reaches."""
    manager = FakeSecretsManager()
    manager.put("v1", {"username": "orders", "password": "hunter2", "host": "127.0.0.1", "port": 1})
    return SecretSource("orders", client=manager)


def driver(name: str) -> Callable[..., dict[str, Any]]:
    """Make a stand-in for a driver's connect that answers what it was called with."""

    def connect(**arguments: Any) -> dict[str, Any]:
        return arguments

    connect.__module__ = name
    return connect


@pytest.mark.parametrize(("name", "option"), OF_THE_SECRET)
def test_user_name_and_password_cannot_be_options(name: str, option: str) -> None:
    """They would come from another version than the rest; some drivers prefer their older names."""
    for arguments in ({"connect": driver(name), option: "hunter2"}, {"connect": bound(name, **{option: "hunter2"})}):
        with pytest.raises(TypeError, match=f"The option '{option}' {COMES_FROM_THE_SECRET}") as caught:
            DriverAdapter(**arguments)
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(("name", "option"), CONCEALING)
def test_nor_can_what_has_such_inside(name: str, option: str) -> None:
    """Connection strings, files, other servers' logins, and pools that outlive a version of the secret."""
    with pytest.raises(TypeError, match=f"The option '{option}' {BRINGS_ITS_OWN}") as caught:
        DriverAdapter(driver(name), **{option: "user=orders password=hunter2"})
    assert "hunter2" not in str(caught.value)


def bound(name: str, *positional: Any, **options: Any) -> Callable[..., Any]:
    """Make a partial of the stand-in."""
    return functools.partial(functools.partial(driver(name), *positional), **options)


@pytest.mark.parametrize("name", ["MySQLdb", "mysql.connector", "pymysql"])
def test_the_database_of_an_option_replaces_the_secret_s_by_any_of_its_names(name: str) -> None:
    """The driver hears of one."""
    for connect, options in ((driver(name), {"db": "other"}), (bound(name, db="other"), {})):
        arguments = DriverAdapter(connect, **options).connect(WHOLE)
        assert (arguments["database"], "db" in arguments) == ("other", False)


def test_two_names_for_the_database_are_one_too_many() -> None:
    """Each driver would choose by a rule of its own."""
    with pytest.raises(TypeError, match="The option 'db' is the database for a second time"):
        DriverAdapter(driver("pymysql"), database="orders", db="other")
    DriverAdapter(driver("pymysql"), database="orders", db=None)


def test_what_a_partial_was_given_counts_as_an_option() -> None:
    """It replaces what the secret says."""
    arguments = DriverAdapter(bound("psycopg", host="tunnel", sslmode="verify-ca"), port=1).connect(WHOLE)
    assert (arguments["host"], arguments["port"], arguments["sslmode"]) == ("tunnel", 1, "verify-ca")
    assert "sslrootcert" in arguments


def test_a_partial_s_positional_arguments_are_refused() -> None:
    """The first is a user name for one driver, and a connection string for another."""
    with pytest.raises(TypeError, match="has positional arguments: give them by keyword"):
        DriverAdapter(functools.partial(psycopg.connect, "user=orders"))


def test_asynchronous_connectors_hold_to_the_same(source: SecretSource) -> None:
    """With a connection string of asyncpg, and one of libpq inside a partial."""
    shared = AsyncSecretSource(source)
    with pytest.raises(TypeError, match=f"'dsn' {BRINGS_ITS_OWN}"):
        AsyncRotatingConnector(shared, asyncpg.connect, dsn="postgres://orders@orders.example")
    with pytest.raises(TypeError, match=f"'conninfo' {BRINGS_ITS_OWN}"):
        AsyncRotatingConnector(shared, functools.partial(psycopg.AsyncConnection.connect, conninfo="user=orders"))


@pytest.mark.parametrize("make", [connection_pool, async_connection_pool])
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"conninfo": "user=orders"}, f"'conninfo' {BRINGS_ITS_OWN}"),
        ({"kwargs": {"conninfo": "user=orders"}}, f"'conninfo' {BRINGS_ITS_OWN}"),
        ({"kwargs": {"user": "orders"}}, f"'user' {COMES_FROM_THE_SECRET}"),
    ],
)
def test_pools_of_psycopg_hold_to_the_same(
    source: SecretSource, make: Callable[..., object], options: dict[str, Any], sentence: str
) -> None:
    """Wherever the pool would take it."""
    with pytest.raises(TypeError, match=sentence):
        make(source, open=False, **options)


@pytest.mark.parametrize(("option", "sentence"), [("password", COMES_FROM_THE_SECRET), ("dsn", BRINGS_ITS_OWN)])
def test_pools_of_asyncpg_hold_to_the_same(source: SecretSource, option: str, sentence: str) -> None:
    """Before anything is connected to."""
    options: dict[str, Any] = {option: "x"}
    with pytest.raises(TypeError, match=f"'{option}' {sentence}"):
        create_pool(source, **options)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgresql+psycopg://orders@db.example/orders", "names a user or a password"),
        ("postgresql+psycopg://db.example/orders?user=orders", f"'user' {COMES_FROM_THE_SECRET}"),
        ("postgresql+pg8000://db.example/orders?password=x", f"'password' {COMES_FROM_THE_SECRET}"),
        ("mysql+pymysql://db.example/orders?passwd=x", f"'passwd' {COMES_FROM_THE_SECRET}"),
        ("mysql+mysqlconnector://db.example/?username=orders", f"'username' {COMES_FROM_THE_SECRET}"),
        ("mysql+pymysql://db.example/orders?db=other", "'db' is the database for a second time"),
    ],
)
def test_urls_of_engines_hold_to_the_same(source: SecretSource, url: str, sentence: str) -> None:
    """Found out when the engine is to follow rotations, not when it connects."""
    with pytest.raises(TypeError, match=sentence):
        follow_rotations(sqlalchemy.create_engine(url), source)


@pytest.mark.parametrize(
    ("url", "option", "sentence"),
    [
        ("postgresql+psycopg://", "conninfo", BRINGS_ITS_OWN),
        ("postgresql+psycopg://", "user", COMES_FROM_THE_SECRET),
        ("mysql+pymysql://", "passwd", COMES_FROM_THE_SECRET),
        ("mysql+mysqlconnector://", "pool_name", BRINGS_ITS_OWN),
    ],
)
def test_connect_args_of_engines_hold_to_the_same(source: SecretSource, url: str, option: str, sentence: str) -> None:
    """SQLAlchemy shows them to the first connection."""
    engine = sqlalchemy.create_engine(url, connect_args={option: "x"})
    follow_rotations(engine, source)
    with pytest.raises(TypeError, match=f"'{option}' {sentence}"):
        engine.connect()


def test_connect_args_of_asynchronous_engines_hold_to_the_same(source: SecretSource) -> None:
    """As those of the others."""
    engine = create_async_engine("postgresql+asyncpg://", connect_args={"dsn": "postgres://orders@db.example"})
    follow_rotations(engine, source)

    async def connect() -> None:
        async with engine.connect():
            pass

    with pytest.raises(TypeError, match=f"'dsn' {BRINGS_ITS_OWN}"):
        asyncio.run(connect())


def test_what_sqlalchemy_calls_the_database_for_mysqlclient_is_the_driver_s_own_name() -> None:
    """The URL's database goes before the secret's."""
    url = sqlalchemy.make_url("mysql+mysqldb://db.example/other")
    options = complete(MySQLDialect_mysqldb().create_connect_args(url)[1], keywords_of_driver("mysqldb"))
    assert (options["host"], options["database"], "db" in options) == ("db.example", "other", False)


def test_the_names_are_those_of_the_drivers() -> None:
    """PyMySQL would take both names for a password, and prefers one of them."""
    with pytest.raises(TypeError, match=f"'passwd' {COMES_FROM_THE_SECRET}"):
        DriverAdapter(pymysql.connect, passwd="x")


def test_a_secret_s_id_is_no_source() -> None:
    """The likeliest mistake is found where it is made, not by a pool in the background."""
    remedy = r"The source is 'orders': give SecretSource\('orders'\)"
    mistake: Any = "orders"
    for make in (
        lambda: RotatingConnector(mistake, psycopg.connect),
        lambda: AsyncSecretSource(mistake),
        lambda: AsyncRotatingConnector(mistake, asyncpg.connect),
        lambda: follow_rotations(sqlalchemy.create_engine("postgresql+psycopg://"), mistake),
        lambda: connection_pool(mistake),
        lambda: async_connection_pool(mistake),
        lambda: create_pool(mistake),
    ):
        with pytest.raises(TypeError, match=remedy):
            make()


@pytest.mark.parametrize("connect", ["psycopg", psycopg])
def test_a_driver_s_name_or_module_is_no_connect(connect: Any) -> None:
    """The sentence says what is."""
    with pytest.raises(TypeError, match=r"is no function: give a driver's connect, such as psycopg.connect"):
        DriverAdapter(connect)


def test_a_function_around_a_driver_is_told_how_to_do_without() -> None:
    """Its keywords are nobody's."""
    with pytest.raises(TypeError, match="a function of your own around one of these, give DriverAdapter the options"):
        DriverAdapter(lambda **options: psycopg.connect(connect_timeout=5, **options))

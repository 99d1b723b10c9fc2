from __future__ import annotations

import functools
import importlib
import inspect
import ssl
from typing import TYPE_CHECKING, Any

import mysql.connector
import mysql.connector.aio
import pg8000.dbapi
import psycopg
import pymysql
import pytest

from rotating_rds_client import Credentials, DriverAdapter, UnusableTrustBundleError
from rotating_rds_client.tls import CA_BUNDLE_VARIABLE, RDS_ROOTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.databases import Authority

WHOLE = Credentials(username="u", password="p", version_id="v1", host="db.example", port=5432, dbname="orders")


@pytest.fixture(autouse=True)
def _no_bundle_by_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin without the variable."""
    monkeypatch.delenv(CA_BUNDLE_VARIABLE, raising=False)


def driver(name: str) -> Callable[..., dict[str, Any]]:
    """Make a stand-in for a driver's connect that answers what it was called with."""

    def connect(**arguments: Any) -> dict[str, Any]:
        return arguments

    connect.__module__ = f"{name}.somewhere"
    return connect


def without_tls(arguments: dict[str, Any]) -> dict[str, Any]:
    """Leave out what has a test of its own."""
    return {name: value for name, value in arguments.items() if not name.startswith("ssl")}


@pytest.mark.parametrize(
    ("name", "dbname", "password"),
    [
        ("MySQLdb", "database", "p"),
        ("mysql.connector", "database", "p"),
        ("pg8000", "database", "p"),
        ("psycopg", "dbname", "p"),
        ("pymysql", "database", b"p"),
    ],
)
def test_every_driver_is_called_by_its_own_keywords(name: str, dbname: str, password: str | bytes) -> None:
    """The parts of the secret under the names that the driver gives them; PyMySQL would take text for Latin-1."""
    assert without_tls(DriverAdapter(driver(name)).connect(WHOLE)) == {
        "user": "u",
        "password": password,
        "host": "db.example",
        "port": 5432,
        dbname: "orders",
    }


@pytest.mark.parametrize(
    "connect",
    [
        mysql.connector.connect,
        mysql.connector.MySQLConnection,
        pg8000.dbapi.connect,
        psycopg.connect,
        psycopg.Connection.connect,
        pymysql.connect,
    ],
)
def test_the_real_drivers_are_known_by_their_modules(connect: Callable[..., Any]) -> None:
    """The table matches what the drivers are called."""
    DriverAdapter(connect)
    DriverAdapter(functools.partial(connect, connect_timeout=5))


def test_what_the_secret_lacks_is_left_to_the_driver() -> None:
    """A None would override the driver's default."""
    lean = Credentials(username="u", password="p", version_id="v1", host="db.example")
    assert set(without_tls(DriverAdapter(driver("pg8000")).connect(lean))) == {"user", "password", "host"}


def test_options_go_before_the_secret() -> None:
    """A tunnel or a CNAME is another host for the same credentials."""
    arguments = DriverAdapter(driver("pg8000"), host="localhost", port=15432, timeout=5).connect(WHOLE)
    assert (arguments["host"], arguments["port"], arguments["timeout"]) == ("localhost", 15432, 5)


def test_a_secret_without_a_host_needs_the_option() -> None:
    """Drivers would silently try localhost."""
    lean = Credentials(username="u", password="p", version_id="v1")
    with pytest.raises(ValueError, match=r"Version 'v1' of the secret names no host: .* give the option host"):
        DriverAdapter(driver("pg8000")).connect(lean)
    assert DriverAdapter(driver("pg8000"), host="db.example").connect(lean)["host"] == "db.example"


@pytest.mark.parametrize(("name", "keyword"), [("pg8000", "ssl_context"), ("pymysql", "ssl")])
def test_tls_is_verified_by_default(name: str, keyword: str) -> None:
    """None of these drivers would do so by itself."""
    context = DriverAdapter(driver(name)).connect(WHOLE)[keyword]
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


# Libraries in C take a path, not a context. mysqlclient's are the options of MySQL's C API, by its documentation:
# https://mysqlclient.readthedocs.io/user_guide.html
BY_A_FILE: dict[str, Callable[[str], dict[str, Any]]] = {
    "MySQLdb": lambda file: {"ssl": {"ca": file}, "ssl_mode": "VERIFY_IDENTITY"},
    "mysql.connector": lambda file: {
        "ssl_ca": file,
        "ssl_verify_cert": True,
        "ssl_verify_identity": True,
        "ssl_disabled": False,
    },
    "psycopg": lambda file: {"sslmode": "verify-full", "sslrootcert": file},
}


def tls_of(arguments: dict[str, Any]) -> dict[str, Any]:
    """Leave out all the rest."""
    return {name: value for name, value in arguments.items() if name.startswith("ssl")}


@pytest.mark.parametrize("name", BY_A_FILE)
def test_libraries_in_c_verify_with_the_bundle_of_the_environment(
    name: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Certificate and host name, both."""
    monkeypatch.setenv(CA_BUNDLE_VARIABLE, str(authority.certificate))
    assert tls_of(DriverAdapter(driver(name)).connect(WHOLE)) == BY_A_FILE[name](str(authority.certificate))


@pytest.mark.parametrize("name", BY_A_FILE)
def test_libraries_in_c_verify_with_the_authorities_of_amazon_rds_otherwise(name: str) -> None:
    """They take one file, or the system's, which do not know them."""
    assert tls_of(DriverAdapter(driver(name)).connect(WHOLE)) == BY_A_FILE[name](str(RDS_ROOTS))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("psycopg", {"sslcert": "client.pem"}),
        ("psycopg", {"sslrootcert": "own.pem"}),
        ("psycopg", {"sslmode": "verify-ca"}),
        ("mysql.connector", {"ssl_cert": "client.pem"}),
        ("mysql.connector", {"ssl_ca": "own.pem"}),
        ("mysql.connector", {"ssl_disabled": False}),
        ("mysql.connector", {"ssl_verify_identity": False}),
        ("mysql.connector", {"ssl_verify_cert": True}),
        ("MySQLdb", {"ssl_mode": "VERIFY_CA"}),
    ],
)
def test_what_is_said_of_tls_leaves_the_rest_verified(name: str, options: dict[str, Any]) -> None:
    """No keyword takes away what it does not speak of."""
    arguments = DriverAdapter(driver(name), **options).connect(WHOLE)
    assert tls_of(arguments) == {**BY_A_FILE[name](str(RDS_ROOTS)), **options}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("psycopg", {"sslmode": "require"}),
        ("psycopg", {"sslmode": "disable"}),
        ("mysql.connector", {"ssl_disabled": True}),
        ("mysql.connector", {"ssl_verify_cert": False}),
        ("MySQLdb", {"ssl_mode": "DISABLED"}),
    ],
)
def test_only_a_keyword_that_says_so_switches_verification_off(name: str, options: dict[str, Any]) -> None:
    """Then nothing of ours is mixed in."""
    assert tls_of(DriverAdapter(driver(name), **options).connect(WHOLE)) == options


def test_mysqlclient_verifies_beside_a_client_s_certificate() -> None:
    """Both are in one dictionary."""
    arguments = DriverAdapter(driver("MySQLdb"), ssl={"cert": "client.pem"}).connect(WHOLE)
    assert tls_of(arguments) == {"ssl": {"ca": str(RDS_ROOTS), "cert": "client.pem"}, "ssl_mode": "VERIFY_IDENTITY"}


@pytest.mark.parametrize(
    "options", [{"ssl_ca": "own.pem"}, {"ssl_cert": "c.pem", "ssl_key": "k.pem"}, {"ssl_verify_cert": True}]
)
def test_pymysql_is_given_a_context(options: dict[str, Any]) -> None:
    """Any of its own options would take the context's place, and verify nothing."""
    with pytest.raises(TypeError, match=f"would verify less by the option '{min(options)}': give ssl=, a context"):
        DriverAdapter(driver("pymysql"), **options)
    with pytest.raises(TypeError, match="would verify less by the option 'ssl'"):
        DriverAdapter(driver("pymysql"), ssl={"ca": "own.pem"})


def test_pymysql_takes_false_for_not_said() -> None:
    """By itself it would take it for a reason to verify nothing."""
    arguments = DriverAdapter(driver("pymysql"), ssl_disabled=False).connect(WHOLE)
    assert arguments["ssl"].verify_mode is ssl.CERT_REQUIRED
    assert "ssl_disabled" not in arguments
    assert tls_of(DriverAdapter(driver("pymysql"), ssl_disabled=True).connect(WHOLE)) == {"ssl_disabled": True}


def test_none_does_not_switch_tls_off() -> None:
    """An unset configuration value must not open a plaintext connection."""
    assert DriverAdapter(driver("pg8000"), ssl_context=None).connect(WHOLE)["ssl_context"] is not None


def test_an_unusable_bundle_is_refused_before_any_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """At start, not at the first request."""
    monkeypatch.setenv(CA_BUNDLE_VARIABLE, "/nowhere.pem")
    with pytest.raises(UnusableTrustBundleError):
        DriverAdapter(driver("pg8000"))


def test_an_unknown_driver_is_refused_with_the_known_ones() -> None:
    """Guessing keywords would fail later and less clearly."""
    known = r"MySQLdb, asyncpg, mysql\.connector, pg8000, psycopg, pymysql"
    with pytest.raises(TypeError, match=rf"known drivers \({known}\): derive from Adapter"):
        DriverAdapter(driver("acme"))


def test_an_asynchronous_driver_is_refused() -> None:
    """Its errors would surface where nobody retries."""
    asyncpg = importlib.import_module("asyncpg")
    assert inspect.iscoroutinefunction(asyncpg.connect)
    with pytest.raises(TypeError, match=r"asyncpg\.connection\.connect is a coroutine function"):
        DriverAdapter(asyncpg.connect)


def test_a_driver_that_could_not_verify_a_server_is_refused() -> None:
    """It takes a file of authorities with a client's certificate only, and the system's do not know Amazon RDS."""
    with pytest.raises(TypeError, match=r"mysql\.connector\.aio cannot be told whom to trust"):
        DriverAdapter(mysql.connector.aio.connect)

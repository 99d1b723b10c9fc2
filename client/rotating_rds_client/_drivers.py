"""What each driver calls the parts of a set of credentials, and what it may not be told beside them."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from rotating_rds_client.tls import RDS_ROOTS, trust_bundle, verified_context

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rotating_rds_client.credentials import Credentials

C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Keywords:
    """The keywords of one driver's ``connect``.

    :param secured: Returns options with those that make it verify the server's certificate and name: what the caller
        says beside stays, and nothing is verified less by it, but by a keyword that says so.
    :param aliases: Further names of the same parts.
    :param concealing: Keywords that may bring a user, a password or a database along, or connections that an earlier
        version has opened.
    :param as_password: What the driver takes a password as.
    """

    username: str
    password: str
    dbname: str
    secured: Callable[[dict[str, Any]], dict[str, Any]]
    aliases: Mapping[str, str] = field(default_factory=dict)
    concealing: frozenset[str] = frozenset()
    as_password: Callable[[str], str | bytes] = str

    def arguments(self, credentials: Credentials) -> dict[str, Any]:
        """Name the parts that the secret has; what it lacks is left to the driver's default."""
        parts = {
            self.username: credentials.username,
            self.password: self.as_password(credentials.password),
            self.dbname: credentials.dbname,
            "host": credentials.host,
            "port": credentials.port,
        }
        return {name: value for name, value in parts.items() if value is not None}


def _by_context(keyword: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda given: given if keyword in given else {**given, keyword: verified_context()}


def _file() -> str:
    # Libraries in C take one file, or the system's authorities: those of Amazon RDS are none of the system's.
    return str(trust_bundle() or RDS_ROOTS)


def _libpq(given: dict[str, Any]) -> dict[str, Any]:
    # With authorities at hand, libpq takes `require` for `verify-ca`.
    if not str(given.get("sslmode", "verify-full")).startswith("verify-"):
        return given
    authorities = {} if "sslrootcert" in given else {"sslrootcert": _file()}
    return {"sslmode": "verify-full", **authorities, **given}


def _mysql_connector(given: dict[str, Any]) -> dict[str, Any]:
    if given.get("ssl_disabled") or given.get("ssl_verify_cert") is False:
        return given
    authorities = {} if "ssl_ca" in given else {"ssl_ca": _file()}
    # Each of them alone would leave the others at a default that verifies less.
    return {"ssl_verify_identity": True, **authorities, **given, "ssl_verify_cert": True, "ssl_disabled": False}


def _mysqlclient(given: dict[str, Any]) -> dict[str, Any]:
    if not str(given.get("ssl_mode", "VERIFY_")).startswith("VERIFY_"):
        return given
    parts = given.get("ssl")
    return {
        "ssl_mode": "VERIFY_IDENTITY",
        **given,
        "ssl": {"ca": _file(), **(parts if isinstance(parts, dict) else {})},
    }


def _pymysql(given: dict[str, Any]) -> dict[str, Any]:
    if given.get("ssl_disabled"):
        return given
    # Any of these would take the place of a context, and of what it verifies.
    lesser = {name for name in given if name.startswith("ssl_")} - {"ssl_disabled"}
    if lesser or isinstance(given.get("ssl"), dict):
        raise TypeError(
            f"PyMySQL would verify less by the option {min(lesser, default='ssl')!r}: give ssl=, a context such as "
            "verified_context(), which load_verify_locations() and load_cert_chain() tell the rest."
        )
    own = {name: value for name, value in given.items() if name != "ssl_disabled"}
    return own if "ssl" in own else {**own, "ssl": verified_context()}


_OLD_MYSQL_NAMES = {"passwd": "password", "db": "database"}

# By the module that an application imports.
_DRIVERS = {
    "MySQLdb": Keywords("user", "password", "database", _mysqlclient, _OLD_MYSQL_NAMES),
    "asyncpg": Keywords("user", "password", "database", _by_context("ssl"), concealing=frozenset({"dsn"})),
    "mysql.connector": Keywords(
        "user",
        "password",
        "database",
        _mysql_connector,
        {**_OLD_MYSQL_NAMES, "username": "user", "password1": "password"},
        # Its pools are the process's: one that an earlier version of the secret opened would go on being used.
        frozenset({"dsn", "failover", "option_files", "read_default_file"})
        | {"pool_name", "pool_size", "pool_reset_session"},
    ),
    "pg8000": Keywords("user", "password", "database", _by_context("ssl_context")),
    "psycopg": Keywords("user", "password", "dbname", _libpq, concealing=frozenset({"conninfo"})),
    # PyMySQL would take text for Latin-1, while servers are given passwords in UTF-8.
    "pymysql": Keywords("user", "password", "database", _pymysql, _OLD_MYSQL_NAMES, as_password=str.encode),
}

_UNVERIFIABLE = "mysql.connector.aio"
_SQLALCHEMY_NAMES = {"mysqlconnector": "mysql.connector", "mysqldb": "MySQLdb", "psycopg_async": "psycopg"}


def keywords_of(connect: Callable[..., Any]) -> Keywords:
    """Return what the driver of a ``connect`` calls things.

    :raises TypeError: if the driver is unknown, or cannot be made to verify a server.
    """
    module = str(getattr(connect, "__module__", ""))
    if _is_in(module, _UNVERIFIABLE):
        raise TypeError(
            f"{_UNVERIFIABLE} cannot be told whom to trust without a client's certificate: use mysql.connector.connect "
            "in a thread, or derive from Adapter."
        )
    name = next((name for name in _DRIVERS if _is_in(module, name)), module)
    if name not in _DRIVERS and not callable(connect):
        raise TypeError(f"{connect!r} is no function: give a driver's connect, such as psycopg.connect.")
    return _known(name, shown=repr(connect))


def keywords_of_driver(name: str) -> Keywords:
    """Return the same for a driver by the name that SQLAlchemy gives it.

    :raises TypeError: if the driver is unknown.
    """
    return _known(_SQLALCHEMY_NAMES.get(name, name), shown=repr(name))


def _is_in(module: str, package: str) -> bool:
    return f"{module}.".startswith(f"{package}.")


def _known(driver: str, *, shown: str) -> Keywords:
    if driver not in _DRIVERS:
        raise TypeError(
            f"{shown} is none of the known drivers ({', '.join(_DRIVERS)}): derive from Adapter for it, or, if it is a "
            "function of your own around one of these, give DriverAdapter the options instead."
        )
    return _DRIVERS[driver]


def unwrapped(connect: Callable[..., C]) -> tuple[Callable[..., C], dict[str, Any]]:
    """Return what a ``functools.partial`` calls in the end, and the keywords that it calls it with.

    :raises TypeError: if it has positional arguments, whose meaning is the driver's secret.
    """
    options: dict[str, Any] = {}
    while isinstance(connect, functools.partial):
        if connect.args:
            raise TypeError(f"The partial of {connect.func!r} has positional arguments: give them by keyword.")
        options = {**connect.keywords, **options}
        connect = connect.func
    return connect, options


def complete(options: Mapping[str, Any], keywords: Keywords) -> dict[str, Any]:
    """Return the options of a driver by its own names, over verified TLS unless they say otherwise.

    :raises TypeError: if they name a user, a password, or more than one database, or would have PyMySQL verify less
        than it looks like.
    """
    given: dict[str, Any] = {}
    for name, value in options.items():
        own = keywords.aliases.get(name, name)
        if own in {keywords.username, keywords.password}:
            raise TypeError(f"The option {name!r} comes from the secret: leave it out.")
        if value is None:
            continue
        if own in keywords.concealing:
            raise TypeError(
                f"The option {name!r} brings a user, a database or connections of its own: leave it out, and give the "
                "rest of what it says by keyword."
            )
        if own in given:
            raise TypeError(f"The option {name!r} is the {own} for a second time: leave one of them out.")
        given[own] = value
    return keywords.secured(given)


def arguments_of(keywords: Keywords, options: Mapping[str, Any], credentials: Credentials) -> dict[str, Any]:
    """Return what to call a driver with.

    :raises ValueError: if neither the secret nor the options name a host.
    """
    arguments = {**keywords.arguments(credentials), **options}
    if "host" not in arguments:
        raise ValueError(
            f"Version {credentials.version_id!r} of the secret names no host: attach the secret to its "
            "database, or give the option host."
        )
    return arguments

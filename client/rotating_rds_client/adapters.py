"""From credentials to a database connection: how each driver wants to be called."""

from __future__ import annotations

import functools
import inspect
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from rotating_rds_client.authentication import is_authentication_error
from rotating_rds_client.tls import RDS_ROOTS, trust_bundle, verified_context

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rotating_rds_client.credentials import Credentials

C = TypeVar("C")


class Adapter(ABC, Generic[C]):
    """Opens one connection with given credentials, and knows a refused login when it sees one.

    Derive from it for a driver that :class:`DriverAdapter` does not know.
    """

    @abstractmethod
    def connect(self, credentials: Credentials) -> C:
        """Log in once, without a retry of its own."""

    def is_authentication_error(self, error: Exception) -> bool:
        """Tell whether :meth:`connect` failed because user name or password were refused."""
        return is_authentication_error(error)


class DriverAdapter(Adapter[C]):
    """Calls a driver's ``connect`` with the keywords of that driver, by default over verified TLS.

    :param connect: ``pg8000.dbapi.connect``, ``psycopg.connect``, ``pymysql.connect``, or a ``functools.partial``
        of one of them.
    :param options: Further keywords for it. ``host``, ``port`` and the database name replace those of the secret; a
        keyword that begins with ``ssl`` replaces verified TLS by the caller's own. ``None`` counts as not given.
    :raises TypeError: if the driver is unknown, is asynchronous, or user name or password are among the options.
    :raises UnusableTrustBundleError: if the environment names a file of authorities that cannot be used.
    """

    def __init__(self, connect: Callable[..., C], **options: Any) -> None:
        self._connect = connect
        if inspect.iscoroutinefunction(_unwrapped(connect)):
            raise TypeError(
                f"{_driver_of(connect)}.connect is a coroutine function: this connector is for synchronous drivers, "
                "AsyncRotatingConnector is for the others."
            )
        self._keywords = keywords_of(connect)
        self._options = complete(options, self._keywords)

    def connect(self, credentials: Credentials) -> C:
        """Log in once.

        :raises ValueError: if neither the secret nor the options name a host.
        """
        return self._connect(**arguments_of(self._keywords, self._options, credentials))


@dataclass(frozen=True, slots=True)
class Keywords:
    """What one driver calls the parts of a set of credentials, and how it takes verified TLS."""

    username: str
    password: str
    dbname: str
    verified_tls: Callable[[], Mapping[str, Any]]
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


def _libpq_tls() -> Mapping[str, Any]:
    # libpq takes one file, or the system's authorities: those of Amazon RDS are none of the system's.
    return {"sslmode": "verify-full", "sslrootcert": str(trust_bundle() or RDS_ROOTS)}


_DRIVERS = {
    "asyncpg": Keywords("user", "password", "database", lambda: {"ssl": verified_context()}),
    "pg8000": Keywords("user", "password", "database", lambda: {"ssl_context": verified_context()}),
    "psycopg": Keywords("user", "password", "dbname", _libpq_tls),
    # PyMySQL would take text for Latin-1, while servers are given passwords in UTF-8.
    "pymysql": Keywords("user", "password", "database", lambda: {"ssl": verified_context()}, str.encode),
}

_SQLALCHEMY_NAMES = {"psycopg_async": "psycopg"}


def keywords_of(connect: Callable[..., Any]) -> Keywords:
    """Return what the driver of a ``connect`` calls things.

    :raises TypeError: if the driver is unknown.
    """
    return _known(_driver_of(connect), shown=repr(connect))


def keywords_of_driver(name: str) -> Keywords:
    """Return the same for a driver by the name that SQLAlchemy gives it.

    :raises TypeError: if the driver is unknown.
    """
    return _known(_SQLALCHEMY_NAMES.get(name, name), shown=repr(name))


def _known(driver: str, *, shown: str) -> Keywords:
    if driver not in _DRIVERS:
        raise TypeError(f"{shown} is none of the known drivers ({', '.join(_DRIVERS)}): derive from Adapter for it.")
    return _DRIVERS[driver]


def complete(options: Mapping[str, Any], keywords: Keywords) -> dict[str, Any]:
    """Return the options of a driver with verified TLS, unless they say something of TLS.

    :raises TypeError: if user name or password are among them.
    """
    if taken := options.keys() & {keywords.username, keywords.password}:
        raise TypeError(f"The option {min(taken)!r} comes from the secret: leave it out.")
    given = {name: value for name, value in options.items() if value is not None}
    return given if any(name.startswith("ssl") for name in given) else {**given, **keywords.verified_tls()}


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


def _driver_of(connect: Callable[..., Any]) -> str:
    return str(getattr(_unwrapped(connect), "__module__", "")).partition(".")[0]


def _unwrapped(connect: Callable[..., Any]) -> Callable[..., Any]:
    while isinstance(connect, functools.partial):
        connect = connect.func
    return connect

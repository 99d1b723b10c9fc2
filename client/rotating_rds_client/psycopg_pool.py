"""Pools of psycopg whose connections outlast rotations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import psycopg_pool

from rotating_rds_client._dialogue import tell
from rotating_rds_client._drivers import arguments_of, complete, keywords_of
from rotating_rds_client.adapters import Adapter
from rotating_rds_client.aio import AsyncRotatingConnector, AsyncSecretSource
from rotating_rds_client.connector import RotatingConnector
from rotating_rds_client.observer import ConnectReport
from rotating_rds_client.source import check_source

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotating_rds_client.credentials import Credentials
    from rotating_rds_client.retry import RetryPolicy
    from rotating_rds_client.source import SecretSource

_KEYWORDS = keywords_of(psycopg.connect)
_VERSION = "_rotating_rds_version"


def connection_pool(
    source: SecretSource,
    *,
    retry: RetryPolicy | None = None,
    observer: Callable[[ConnectReport], None] | None = None,
    **options: Any,
) -> psycopg_pool.ConnectionPool[Any]:
    """Make a pool that opens every connection with the current credentials of a secret, and outlasts its rotations.

    What the pool holds of an earlier version is replaced when it is taken next, as soon as the source knows a newer
    one; a connection in use is left alone.

    :param retry: How patient to be with one connection; by default 15 s in all.
    :param observer: Called with a :class:`ConnectReport` for every connection that the pool opens.
    :param options: Those of ``psycopg_pool.ConnectionPool``, but ``conninfo``, ``connection_class`` and ``check``; its
        ``kwargs`` are for ``psycopg.connect``, where host, port and dbname replace those of the secret.
    :raises TypeError: if user name or password are among the ``kwargs``, or there is a ``conninfo``.
    """
    check_source(source)
    given = _for_connect(options)

    class Connection(psycopg.Connection[Any]):
        """A connection that knows which version of the secret opened it."""

        @classmethod
        def connect(cls, conninfo: str = "", **of_the_pool: Any) -> Any:
            def arguments(each: Credentials) -> dict[str, Any]:
                return {**of_the_pool, **arguments_of(_KEYWORDS, given, each)}

            login = _Login(super().connect, conninfo, arguments)
            connection = RotatingConnector(source, login, retry=retry, observer=observer).connect()
            setattr(connection, _VERSION, login.version_id)
            return connection

    def check(connection: Any) -> None:
        if _is_outdated(source, connection):
            connection.close()
            raise _outdated()

    return psycopg_pool.ConnectionPool(connection_class=Connection, check=check, **options)


def async_connection_pool(
    source: SecretSource,
    *,
    retry: RetryPolicy | None = None,
    observer: Callable[[ConnectReport], None] | None = None,
    **options: Any,
) -> psycopg_pool.AsyncConnectionPool[Any]:
    """Make the same for an event loop; see :func:`connection_pool`."""
    given = _for_connect(options)
    shared = AsyncSecretSource(source)

    class Connection(psycopg.AsyncConnection[Any]):
        """A connection that knows which version of the secret opened it."""

        @classmethod
        async def connect(cls, conninfo: str = "", **of_the_pool: Any) -> Any:
            parent, reports = super().connect, list[ConnectReport]()

            async def log_in(**arguments: Any) -> Any:
                return await parent(conninfo, **{**of_the_pool, **arguments})

            log_in.__module__ = psycopg.__name__  # by which the connector knows whose keywords these are
            connector = AsyncRotatingConnector(shared, log_in, retry=retry, observer=reports.append, **given)
            try:
                connection = await connector.connect()
            finally:
                tell(observer, reports[0])
            setattr(connection, _VERSION, reports[0].version_id)
            return connection

    async def check(connection: Any) -> None:
        if _is_outdated(source, connection):
            await connection.close()
            raise _outdated()

    return psycopg_pool.AsyncConnectionPool(connection_class=Connection, check=check, **options)


class _Login(Adapter[Any]):
    """Opens one connection, and remembers the version that did."""

    def __init__(
        self, connect: Callable[..., Any], conninfo: str, arguments: Callable[[Credentials], dict[str, Any]]
    ) -> None:
        self._connect = connect
        self._conninfo = conninfo
        self._arguments = arguments
        self.version_id = ""

    def connect(self, credentials: Credentials) -> Any:
        """Log in once."""
        self.version_id = credentials.version_id
        return self._connect(self._conninfo, **self._arguments(credentials))


def _for_connect(options: dict[str, Any]) -> dict[str, Any]:
    """Take out of a pool's options what is for ``psycopg.connect``."""
    return complete(
        {"conninfo": options.pop("conninfo", None) or None, **(options.pop("kwargs", None) or {})}, _KEYWORDS
    )


def _outdated() -> psycopg.OperationalError:
    """Return what has a pool take another connection; one that is not closed it would think to be still good."""
    return psycopg.OperationalError("The secret has a newer version than the connection was opened with.")


def _is_outdated(source: SecretSource, connection: Any) -> bool:
    newest = source.peek()
    return newest is not None and newest.version_id != getattr(connection, _VERSION, None)

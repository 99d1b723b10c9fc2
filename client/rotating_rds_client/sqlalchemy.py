"""SQLAlchemy engines, synchronous and asynchronous, whose pools outlast rotations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import event, exc
from sqlalchemy.ext.asyncio import AsyncEngine

from rotating_rds_client._drivers import Keywords, arguments_of, complete, keywords_of_driver
from rotating_rds_client.adapters import Adapter
from rotating_rds_client.connector import RotatingConnector
from rotating_rds_client.source import check_source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Dialect, Engine
    from sqlalchemy.pool import ConnectionPoolEntry

    from rotating_rds_client.credentials import Credentials
    from rotating_rds_client.observer import ConnectReport
    from rotating_rds_client.retry import RetryPolicy
    from rotating_rds_client.source import SecretSource

_VERSION = "rotating_rds_client.version"


def follow_rotations(
    engine: Engine | AsyncEngine,
    source: SecretSource,
    *,
    retry: RetryPolicy | None = None,
    observer: Callable[[ConnectReport], None] | None = None,
) -> None:
    """Have an engine open every connection with the current credentials of a secret, and outlast its rotations.

    Each connection that the pool opens is opened as :class:`RotatingConnector` does, over verified TLS unless the
    engine says otherwise. What the pool holds of an earlier version is replaced when it is checked out next, as
    soon as the source knows a newer one; a connection in use is left alone.

    :param engine: Made from a URL without user name and password, such as ``postgresql+psycopg://``. Host, port and
        database of the URL replace those of the secret.
    :param retry: How patient to be; by default 15 s in all.
    :param observer: Called with a :class:`ConnectReport` for every connection that the pool asks for.
    :raises TypeError: if the driver is unknown, or the URL names a user or a password; if ``connect_args`` do, which
        only the first connection shows, it is the one that raises.
    """
    check_source(source)
    plain = engine.sync_engine if isinstance(engine, AsyncEngine) else engine
    if plain.url.username is not None or plain.url.password is not None:
        raise TypeError("The engine's URL names a user or a password, which come from the secret: leave them out.")
    waiting = _waiting_in_greenlets(source) if plain.dialect.is_async else {"source": source}
    keywords = keywords_of_driver(plain.dialect.driver)
    complete(plain.dialect.create_connect_args(plain.url)[1], keywords)

    def connect(
        dialect: Dialect, record: ConnectionPoolEntry, arguments: Sequence[Any], options: Mapping[str, Any]
    ) -> Any:
        login = _Login(dialect, keywords, arguments, options)
        connection = RotatingConnector(connect=login, retry=retry, observer=observer, **waiting).connect()
        record.info[_VERSION] = login.version_id
        return connection

    def replace_outdated(_connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
        newest = source.peek()
        if newest is not None and newest.version_id != record.info.get(_VERSION):
            raise exc.DisconnectionError("The secret has a newer version than the connection was opened with.")

    event.listen(plain, "do_connect", connect)
    event.listen(plain, "checkout", replace_outdated)


class _Login(Adapter[Any]):
    """One connection that the pool asks for.

    :ivar version_id: of the credentials that were tried last.
    """

    def __init__(
        self, dialect: Dialect, keywords: Keywords, arguments: Sequence[Any], options: Mapping[str, Any]
    ) -> None:
        self._dialect = dialect
        self._keywords = keywords
        self._arguments = arguments
        self._options = complete(options, keywords)
        self.version_id = ""

    def connect(self, credentials: Credentials) -> Any:
        """Log in once."""
        self.version_id = credentials.version_id
        return self._dialect.connect(*self._arguments, **arguments_of(self._keywords, self._options, credentials))


def _waiting_in_greenlets(source: SecretSource) -> dict[str, Any]:
    from rotating_rds_client._in_greenlet import GreenletClock, GreenletSource  # noqa: PLC0415 - needs greenlet

    return {"source": GreenletSource(source), "clock": GreenletClock()}

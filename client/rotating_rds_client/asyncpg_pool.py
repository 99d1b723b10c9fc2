"""Pools of asyncpg whose connections outlast rotations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import asyncpg

from rotating_rds_client._dialogue import tell
from rotating_rds_client.aio import AsyncRotatingConnector, AsyncSecretSource

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from rotating_rds_client.observer import ConnectReport
    from rotating_rds_client.retry import RetryPolicy
    from rotating_rds_client.source import SecretSource

_OF_THE_POOL = ("min_size", "max_size", "max_queries", "max_inactive_connection_lifetime", "init", "reset", "setup")


def create_pool(
    source: SecretSource,
    *,
    retry: RetryPolicy | None = None,
    observer: Callable[[ConnectReport], None] | None = None,
    **options: Any,
) -> asyncpg.Pool:
    """Make a pool that opens every connection with the current credentials of a secret, and outlasts its rotations.

    As soon as the source knows a newer version, the pool replaces what it holds at the next acquisitions; a connection
    in use is left alone. Await it, or enter it, as one of ``asyncpg.create_pool``.

    :param retry: How patient to be with one connection; by default 15 s in all.
    :param observer: Called with a :class:`ConnectReport` for every connection that the pool opens.
    :param options: Those of ``asyncpg.create_pool``, but ``dsn``, ``connect`` and ``loop``; host, port and database
        replace those of the secret.
    :raises TypeError: if user name, password or ``dsn`` are among the options.
    """
    of_the_pool = {name: options.pop(name) for name in _OF_THE_POOL if name in options}
    prepare: Callable[[Any], Awaitable[None]] | None = of_the_pool.pop("setup", None)
    classes = {name: options.pop(name) for name in ("connection_class", "record_class") if name in options}
    versions: set[str | None] = set()

    def note(report: ConnectReport) -> None:
        versions.add(report.version_id)
        tell(observer, report)

    connector: AsyncRotatingConnector[Any] = AsyncRotatingConnector(
        AsyncSecretSource(source), asyncpg.connect, retry=retry, observer=note, **options, **classes
    )

    async def connect(*_: Any, **__: Any) -> Any:
        return await connector.connect()

    async def setup(connection: Any) -> None:
        newest = source.peek()
        if newest is not None and versions - {newest.version_id}:
            versions.intersection_update({newest.version_id})
            await pool.expire_connections()
        if prepare is not None:
            await prepare(connection)

    pool = asyncpg.create_pool(connect=connect, setup=setup, **classes, **of_the_pool)
    return pool

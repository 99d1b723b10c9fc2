"""What an application uses a database by: one kind for each driver, engine and pool that the client knows.

A kind is entered with what it needs to connect, and gives one operation: take a connection, query, give it back.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import asyncpg
import mysql.connector
import pg8000.dbapi
import psycopg
import pymysql
import sqlalchemy
from sqlalchemy.ext.asyncio import create_async_engine

from rotating_rds_client import (
    AsyncRotatingConnector,
    AsyncSecretSource,
    DriverAdapter,
    RetryPolicy,
    RotatingConnector,
    SecretSource,
)
from rotating_rds_client.asyncpg_pool import create_pool
from rotating_rds_client.psycopg_pool import async_connection_pool, connection_pool
from rotating_rds_client.sqlalchemy import follow_rotations

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from rotating_rds_client import ConnectReport

    Operation = Callable[[], Awaitable[object]]
    Kind = Callable[["Access"], AbstractAsyncContextManager[Operation]]

_QUERY = "SELECT 1"
# Pools replace what they hold after so many seconds or queries, so that they go on opening connections.
_LIFETIME_SECONDS = 1
_LIFETIME_QUERIES = 2


@dataclass(frozen=True)
class Access:
    """How a client comes to its connections.

    :param source: of the credentials; all clients of a process share it.
    :param observer: hears of every connection.
    """

    source: SecretSource
    retry: RetryPolicy
    observer: Callable[[ConnectReport], None]

    @property
    def keywords(self) -> dict[str, Any]:
        """What every connector and pool takes."""
        return {"retry": self.retry, "observer": self.observer}


@asynccontextmanager
async def _connections(access: Access, connect: Callable[..., Any]) -> AsyncIterator[Operation]:
    """Threads that open a connection for each operation."""
    connector = RotatingConnector(access.source, DriverAdapter(connect), **access.keywords)

    def operate() -> None:
        with closing(connector.connect()) as connection, closing(connection.cursor()) as cursor:
            cursor.execute(_QUERY)
            cursor.fetchall()

    yield partial(asyncio.to_thread, operate)


@asynccontextmanager
async def _connections_of_tasks(access: Access, connect: Callable[..., Awaitable[Any]]) -> AsyncIterator[Operation]:
    """Tasks that do."""
    connector = AsyncRotatingConnector(AsyncSecretSource(access.source), connect, **access.keywords)

    async def operate() -> None:
        connection = await connector.connect()
        try:
            await connection.execute(_QUERY)
        finally:
            await connection.close()

    yield operate


@asynccontextmanager
async def _engine(access: Access, url: str) -> AsyncIterator[Operation]:
    """Threads that share an engine of SQLAlchemy."""
    engine = sqlalchemy.create_engine(url, pool_recycle=_LIFETIME_SECONDS)
    follow_rotations(engine, access.source, **access.keywords)

    def operate() -> None:
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text(_QUERY)).all()

    try:
        yield partial(asyncio.to_thread, operate)
    finally:
        engine.dispose()


@asynccontextmanager
async def _engine_of_tasks(access: Access, url: str) -> AsyncIterator[Operation]:
    """Tasks that do."""
    engine = create_async_engine(url, pool_recycle=_LIFETIME_SECONDS)
    follow_rotations(engine, access.source, **access.keywords)

    async def operate() -> None:
        async with engine.connect() as connection:
            await connection.execute(sqlalchemy.text(_QUERY))

    try:
        yield operate
    finally:
        await engine.dispose()


@asynccontextmanager
async def _psycopg_pool(access: Access) -> AsyncIterator[Operation]:
    """Threads that share a pool of psycopg."""
    with connection_pool(access.source, min_size=1, max_lifetime=_LIFETIME_SECONDS, **access.keywords) as pool:

        def operate() -> None:
            with pool.connection() as connection:
                connection.execute(_QUERY)

        yield partial(asyncio.to_thread, operate)


@asynccontextmanager
async def _psycopg_pool_of_tasks(access: Access) -> AsyncIterator[Operation]:
    """Tasks that do."""
    pool = async_connection_pool(
        access.source, min_size=1, max_lifetime=_LIFETIME_SECONDS, open=False, **access.keywords
    )
    async with pool:

        async def operate() -> None:
            async with pool.connection() as connection:
                await connection.execute(_QUERY)

        yield operate


@asynccontextmanager
async def _asyncpg_pool(access: Access) -> AsyncIterator[Operation]:
    """Tasks that share a pool of asyncpg."""
    async with create_pool(access.source, min_size=1, max_queries=_LIFETIME_QUERIES, **access.keywords) as pool:
        yield partial(pool.fetchval, _QUERY)


_POSTGRES: dict[str, Kind] = {
    "psycopg": partial(_connections, connect=psycopg.connect),
    "pg8000": partial(_connections, connect=pg8000.dbapi.connect),
    "psycopg, tasks": partial(_connections_of_tasks, connect=psycopg.AsyncConnection.connect),
    "asyncpg": partial(_connections_of_tasks, connect=asyncpg.connect),
    "SQLAlchemy, psycopg": partial(_engine, url="postgresql+psycopg://"),
    "SQLAlchemy, pg8000": partial(_engine, url="postgresql+pg8000://"),
    "SQLAlchemy, psycopg, tasks": partial(_engine_of_tasks, url="postgresql+psycopg://"),
    "SQLAlchemy, asyncpg": partial(_engine_of_tasks, url="postgresql+asyncpg://"),
    "psycopg_pool": _psycopg_pool,
    "psycopg_pool, tasks": _psycopg_pool_of_tasks,
    "asyncpg's pool": _asyncpg_pool,
}
_MYSQL_FAMILY: dict[str, Kind] = {
    "PyMySQL": partial(_connections, connect=pymysql.connect),
    "MySQL Connector": partial(_connections, connect=mysql.connector.connect),
    "SQLAlchemy, PyMySQL": partial(_engine, url="mysql+pymysql://"),
    "SQLAlchemy, MySQL Connector": partial(_engine, url="mysql+mysqlconnector://"),
}
KINDS: dict[str, dict[str, Kind]] = {
    "postgres": _POSTGRES,
    "mysql": _MYSQL_FAMILY,
    "mariadb": _MYSQL_FAMILY,
}
"""Engine to its clients, by name."""

"""An application whose author has everything type-checked strictly: each public piece of the client, with its types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_type

import mysql.connector
import psycopg
import pymysql
import sqlalchemy
from psycopg_pool import AsyncConnectionPool, ConnectionPool
from sqlalchemy.ext.asyncio import create_async_engine

from rotating_rds_client import (
    Adapter,
    AsyncRotatingConnector,
    AsyncSecretSource,
    ConnectReport,
    Counters,
    Credentials,
    CredentialsRejectedError,
    DriverAdapter,
    RetryPolicy,
    RotatingConnector,
    SecretSource,
    Totals,
    verified_context,
)
from rotating_rds_client.asyncpg_pool import create_pool
from rotating_rds_client.psycopg_pool import async_connection_pool, connection_pool
from rotating_rds_client.sqlalchemy import follow_rotations

if TYPE_CHECKING:
    from collections.abc import Iterator


class Own(Adapter[psycopg.Connection[tuple[Any, ...]]]):
    """An adapter of the application."""

    def connect(self, credentials: Credentials) -> psycopg.Connection[tuple[Any, ...]]:
        """Log in once."""
        return psycopg.connect(user=credentials.username, password=credentials.password, host=credentials.host or "")


def hear(report: ConnectReport) -> None:
    """Take the reports of a connector."""
    assert_type(report.version_id, str | None)


def connections(source: SecretSource) -> Iterator[object]:
    """Connect in every way that has a type of its own."""
    counters = Counters()
    connector = RotatingConnector(source, psycopg.connect, retry=RetryPolicy(budget=30), observer=counters)
    yield assert_type(connector.connect(), psycopg.Connection[Any])
    yield assert_type(RotatingConnector(source, Own(), observer=hear).connect(), psycopg.Connection[tuple[Any, ...]])
    adapter = DriverAdapter(pymysql.connect, connect_timeout=5)
    yield assert_type(RotatingConnector(source, adapter).connect(), pymysql.Connection[Any])
    with RotatingConnector(source, mysql.connector.connect).connect() as session:
        yield session.is_connected()
    assert_type(counters.totals, Totals)
    assert_type(source.get(), Credentials)
    verified_context().load_default_certs()


def pools(source: SecretSource) -> Iterator[object]:
    """Pool in every way."""
    engine = sqlalchemy.create_engine("postgresql+psycopg://")
    follow_rotations(engine, source, retry=RetryPolicy(budget=1))
    follow_rotations(create_async_engine("postgresql+asyncpg://"), source)
    yield assert_type(connection_pool(source, min_size=1, kwargs={"dbname": "orders"}), ConnectionPool[Any])
    yield assert_type(async_connection_pool(source, observer=hear), AsyncConnectionPool[Any])
    yield create_pool(source, min_size=1)


async def tasks(source: SecretSource) -> Credentials:
    """Connect and read in an event loop."""
    shared = AsyncSecretSource(source)
    connector = AsyncRotatingConnector(shared, psycopg.AsyncConnection.connect, dbname="orders")
    try:
        assert_type(await connector.connect(), psycopg.AsyncConnection[Any])
    except CredentialsRejectedError as error:
        assert_type(error.logins, int)
    return await shared.get()

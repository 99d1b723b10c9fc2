"""Pools on a real PostgreSQL: every kind opens connections through a rotation, and replaces the old ones after it."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import psycopg_pool
import pytest
import sqlalchemy
from sqlalchemy.ext.asyncio import create_async_engine

from rotating_rds_client import CredentialsRejectedError, RetryPolicy, SecretSource
from rotating_rds_client.asyncpg_pool import create_pool
from rotating_rds_client.psycopg_pool import async_connection_pool, connection_pool
from rotating_rds_client.sqlalchemy import follow_rotations
from tests.support.event_loop import run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from rotating_rds_client import ConnectReport
    from tests.support.rotating_login import RotatingLogin

    # Takes the pool's only connection, runs a query on it, and returns its first column.
    Ask = Callable[[str], Awaitable[int]]

WHO = "SELECT pg_backend_pid()"
WORK = "SELECT pg_backend_pid(), pg_sleep(1)"


@asynccontextmanager
async def sqlalchemy_threads(source: SecretSource, *, driver: str, **options: Any) -> AsyncIterator[Ask]:
    """An engine for threads."""
    engine = sqlalchemy.create_engine(f"postgresql+{driver}://", pool_size=1, max_overflow=0)
    follow_rotations(engine, source, **options)

    def ask(query: str) -> int:
        with engine.connect() as connection:
            return int(connection.execute(sqlalchemy.text(query)).first()[0])  # type: ignore[index]

    try:
        yield lambda query: asyncio.to_thread(ask, query)
    finally:
        engine.dispose()


@asynccontextmanager
async def sqlalchemy_tasks(source: SecretSource, *, driver: str, **options: Any) -> AsyncIterator[Ask]:
    """An engine for tasks."""
    engine = create_async_engine(f"postgresql+{driver}://", pool_size=1, max_overflow=0)
    follow_rotations(engine, source, **options)

    async def ask(query: str) -> int:
        async with engine.connect() as connection:
            return int((await connection.execute(sqlalchemy.text(query))).first()[0])  # type: ignore[index]

    try:
        yield ask
    finally:
        await engine.dispose()


@asynccontextmanager
async def psycopg_threads(source: SecretSource, **options: Any) -> AsyncIterator[Ask]:
    """A pool of psycopg for threads."""
    pool = connection_pool(source, min_size=0, max_size=1, timeout=5, open=True, **options)

    def ask(query: str) -> int:
        with pool.connection() as connection:
            return int(connection.execute(query).fetchone()[0])

    try:
        yield lambda query: asyncio.to_thread(ask, query)
    finally:
        pool.close()


@asynccontextmanager
async def psycopg_tasks(source: SecretSource, **options: Any) -> AsyncIterator[Ask]:
    """A pool of psycopg for tasks."""
    async with async_connection_pool(source, min_size=0, max_size=1, timeout=5, open=False, **options) as pool:

        async def ask(query: str) -> int:
            async with pool.connection() as connection:
                return int((await (await connection.execute(query)).fetchone())[0])

        yield ask


@asynccontextmanager
async def asyncpg_tasks(source: SecretSource, **options: Any) -> AsyncIterator[Ask]:
    """A pool of asyncpg."""
    async with create_pool(source, min_size=0, max_size=1, **options) as pool:

        async def ask(query: str) -> int:
            return int(await pool.fetchval(query))

        yield ask


POOLS = {
    "SQLAlchemy, psycopg": lambda source, **options: sqlalchemy_threads(source, driver="psycopg", **options),
    "SQLAlchemy, pg8000": lambda source, **options: sqlalchemy_threads(source, driver="pg8000", **options),
    "SQLAlchemy, asyncpg": lambda source, **options: sqlalchemy_tasks(source, driver="asyncpg", **options),
    "SQLAlchemy, psycopg in tasks": lambda source, **options: sqlalchemy_tasks(source, driver="psycopg", **options),
    "psycopg_pool": psycopg_threads,
    "psycopg_pool in tasks": psycopg_tasks,
    "asyncpg": asyncpg_tasks,
}
EVERY_POOL = pytest.mark.parametrize("kind", POOLS)


@pytest.fixture
def source(login: RotatingLogin) -> SecretSource:
    """A source that holds the first version."""
    source = SecretSource("orders", client=login.manager)
    source.get()
    return source


def rotate(login: RotatingLogin) -> None:
    """Rotate from start to end."""
    login.set_password("hunter2-v2")
    login.store("v2", "hunter2-v2")


@EVERY_POOL
def test_what_was_opened_before_a_rotation_is_replaced_once_it_is_known(
    kind: str, login: RotatingLogin, source: SecretSource
) -> None:
    """Until then the pool keeps its connection, and afterwards the new one."""
    reports: list[ConnectReport] = []

    async def scenario() -> None:
        async with POOLS[kind](source, observer=reports.append) as ask:
            before = [await ask(WHO) for _ in range(3)]
            rotate(login)
            unaware = await ask(WHO)
            await asyncio.to_thread(source.refresh)
            after = [await ask(WHO) for _ in range(4)]
            assert {*before, unaware} == {before[0]}
            assert after[-1] != before[0]
            assert len(set(after[1:])) == 1

    run(scenario())
    assert [report.version_id for report in reports] == ["v1", "v2"]
    assert login.refused_logins() == 0


@EVERY_POOL
def test_a_connection_is_opened_between_password_and_label(
    kind: str, login: RotatingLogin, source: SecretSource
) -> None:
    """One refused login, then the secret is asked until its version changes."""
    reports: list[ConnectReport] = []

    async def scenario() -> None:
        async with POOLS[kind](source, observer=reports.append) as ask:
            login.set_password("hunter2-v2")
            mover = threading.Timer(1.0, login.store, ["v2", "hunter2-v2"])
            mover.start()
            assert await ask(WHO)
            mover.join()

    run(scenario())
    assert [(report.version_id, report.retries) for report in reports] == [("v2", 1)]
    assert login.refused_logins() == 1


@EVERY_POOL
def test_a_query_under_way_is_not_disturbed(kind: str, login: RotatingLogin, source: SecretSource) -> None:
    """Its connection is replaced when it is taken the next time."""

    async def scenario() -> None:
        async with POOLS[kind](source) as ask:
            before = await ask(WHO)
            at_work = asyncio.ensure_future(ask(WORK))
            await asyncio.sleep(0.2)
            await asyncio.to_thread(rotate, login)
            await asyncio.to_thread(source.refresh)
            assert await at_work == before
            assert [await ask(WHO) for _ in range(2)][-1] != before

    run(scenario())


@EVERY_POOL
def test_a_password_that_nobody_repairs_is_an_error_in_time(
    kind: str, login: RotatingLogin, source: SecretSource
) -> None:
    """psycopg_pool opens connections in the background, and tells those who wait of its time-out alone."""
    login.set_password("set-by-hand")
    expected = psycopg_pool.PoolTimeout if "psycopg_pool" in kind else CredentialsRejectedError

    async def scenario() -> None:
        async with POOLS[kind](source, retry=RetryPolicy(budget=1)) as ask:
            with pytest.raises(expected):
                await ask(WHO)

    run(scenario())


def test_user_and_password_come_from_the_secret_alone(source: SecretSource) -> None:
    """Wherever else they could be said."""
    engine = sqlalchemy.create_engine("postgresql+psycopg://orders@orders.example/orders")
    with pytest.raises(TypeError, match="names a user or a password"):
        follow_rotations(engine, source)
    with pytest.raises(TypeError, match="'user' comes from the secret"):
        connection_pool(source, open=False, kwargs={"user": "orders"})
    with pytest.raises(TypeError, match="'password' comes from the secret"):
        create_pool(source, password="x")


def test_a_driver_that_is_not_known_is_refused_at_once(source: SecretSource) -> None:
    """Not at the first connection."""
    with pytest.raises(TypeError, match="'pysqlite' is none of the known drivers"):
        follow_rotations(sqlalchemy.create_engine("sqlite://"), source)

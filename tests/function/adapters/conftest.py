"""Roles on the real PostgreSQL server, and the adapter under test."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from pg8000.native import identifier, literal

from rotating_rds_function.adapters import tls
from rotating_rds_function.adapters.clock import SystemClock
from rotating_rds_function.adapters.postgres import Postgres
from rotating_rds_function.domain.endpoints import Endpoint
from rotating_rds_function.domain.patience import Deadline
from tests.support.postgres_users import Shop
from tests.support.rotations import FIRST_PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localcloud.databases import Authority, PostgresServer


@pytest.fixture
def run_as_superuser(postgres: PostgresServer) -> Iterator[Callable[..., Any]]:
    """Return a function that runs a statement with the rights that nobody has on RDS, and returns its rows."""
    with contextlib.closing(postgres.superuser_connection()) as connection:
        connection.autocommit = True

        def run(statement: str) -> Any:
            cursor = connection.cursor()
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else None

        yield run


@pytest.fixture
def role(run_as_superuser: Callable[..., Any]) -> Iterator[Callable[..., str]]:
    """Return a function that makes a login role, as RDS's users are; it is dropped after the test."""
    made: list[str] = []

    def make(name: str = "app", password: str = FIRST_PASSWORD, options: str = "") -> str:
        run_as_superuser(f"CREATE ROLE {identifier(name)} LOGIN {options} PASSWORD {literal(password)}")
        made.append(name)
        return name

    yield make
    for name in made:
        run_as_superuser(f"DROP ROLE {identifier(name)}")


@pytest.fixture
def database(postgres: PostgresServer, authority: Authority) -> Callable[..., Postgres]:
    """Return a function that makes the adapter for the real server; its parameters are those of an Endpoint."""

    def make(*, seconds: float = 20.0, ca_bundle: str | None = None, **endpoint: Any) -> Postgres:
        place = {"host": postgres.host, "port": postgres.port, "server_name": "localhost", **endpoint}
        trust = tls.trust(ca_bundle or str(authority.certificate))
        return Postgres(Endpoint(**place), trust=trust, deadline=Deadline(SystemClock(), seconds))

    return make


@pytest.fixture(params=["postgres", "postgres_15"])
def any_postgres(request: pytest.FixtureRequest) -> PostgresServer:
    """Return a server of each version in turn: from 16 on, CREATEROLE reaches as far as ADMIN OPTION does."""
    server: PostgresServer = request.getfixturevalue(request.param)
    return server


@pytest.fixture
def shop(any_postgres: PostgresServer, authority: Authority) -> Iterator[Shop]:
    """Return a database of the test's own."""
    shop = Shop(any_postgres, authority)
    shop.open()
    yield shop
    shop.close()

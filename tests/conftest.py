"""Fixtures that several rooms share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from localcloud.databases import Authority, PostgresServer
from tests.support.postgres import MASTER_PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Return the throw-away certificate authority of this test session."""
    return Authority.load_or_create(tmp_path_factory.mktemp("tls") / "authority")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[PostgresServer]:
    """Run one PostgreSQL server for the whole test session, which logs every statement."""
    server = PostgresServer.create(
        tmp_path_factory.mktemp("postgres"),
        authority=authority,
        master_username="orders_master",
        master_password=MASTER_PASSWORD,
        database="orders",
        parameters={"log_statement": "all"},
    )
    yield server
    server.destroy()

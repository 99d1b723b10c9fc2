"""How the worker starts and goes on without a database; with one, see tests/e2e/test_examples.py."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, cast

import psycopg

from examples.psycopg_worker.__main__ import main
from examples.psycopg_worker.worker import Worker

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import pytest
    from psycopg_pool import ConnectionPool


class PoolWithoutDatabase:
    """Has no connection to give, and stops its worker at the third time of asking."""

    def __init__(self) -> None:
        self.worker = Worker(cast("ConnectionPool[Any]", self), idle=0)
        self._asked = 0

    def connection(self) -> AbstractContextManager[None]:
        """Fail as a pool does."""
        self._asked += 1
        if self._asked == 3:
            self.worker.stop()
        raise psycopg.OperationalError("no server")


def test_a_worker_outlasts_its_database(caplog: pytest.LogCaptureFixture) -> None:
    """It says so and goes on, until it is told to stop."""
    with caplog.at_level(logging.WARNING):
        PoolWithoutDatabase().worker.run()
    assert [record.getMessage() for record in caplog.records] == [
        "The database cannot be reached, trying again in 0 s: no server"
    ] * 3


def test_a_worker_without_a_secret_says_what_it_needs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The journal shows the sentence, and the exit code of wrong settings."""
    monkeypatch.delenv("DATABASE_SECRET_ID", raising=False)
    assert main() == 2
    assert (
        capsys.readouterr().err == "DATABASE_SECRET_ID is not set: set it to the name or ARN of the database secret.\n"
    )

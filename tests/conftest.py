"""Fixtures that several rooms share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from localcloud.databases import Authority, MariaDbServer, MySqlServer, PostgresServer
from localcloud.databases.binaries import VARIABLE
from tests.support.databases import postgres_15_programs, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LOG_STATEMENTS = {"log_statement": "all"}
_FIGURES = pytest.StashKey[list[str]]()


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Return what puts a figure into the summary of the run, such as how many cases a sweep went through."""
    return request.config.stash.setdefault(_FIGURES, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the figures that tests told."""
    for figure in config.stash.get(_FIGURES, []):
        terminalreporter.write_line(figure)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Return the throw-away certificate authority of this test session."""
    return Authority.load_or_create(tmp_path_factory.mktemp("tls") / "authority")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[PostgresServer]:
    """Run one PostgreSQL server for the whole test session, which logs every statement."""
    with running(PostgresServer, tmp_path_factory.mktemp("postgres"), authority, _LOG_STATEMENTS) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_15(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[PostgresServer]:
    """Run the system's PostgreSQL 15 for the whole test session, which logs every statement."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, postgres_15_programs())
        with running(PostgresServer, tmp_path_factory.mktemp("postgres-15"), authority, _LOG_STATEMENTS) as server:
            patch.undo()
            yield server


@pytest.fixture(scope="session")
def mysql(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[MySqlServer]:
    """Run one MySQL server for the whole test session, which logs every statement."""
    with running(MySqlServer, tmp_path_factory.mktemp("mysql"), authority) as server:
        yield server


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[MariaDbServer]:
    """Run one MariaDB server for the whole test session, which logs every statement."""
    with running(MariaDbServer, tmp_path_factory.mktemp("mariadb"), authority) as server:
        yield server

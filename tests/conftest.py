"""Fixtures that several rooms share."""

from __future__ import annotations

import contextlib
import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from xdist.scheduler import LoadFileScheduling

from localcloud.databases import Authority, MariaDbServer, MySqlServer, PostgresServer
from localcloud.databases.binaries import VARIABLE
from tests.support.databases import postgres_15_programs, running
from tests.support.second_chance import run_again_after_a_crash, watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localcloud.databases import DatabaseServer

_ROOT = Path(__file__).resolve().parents[1]
_LOG_STATEMENTS = {"log_statement": "all"}
_FIGURES = pytest.StashKey[list[str]]()
_CONTRACT = "tests/function/adapters/contract/"
_ENGINES = ("postgres", "postgres_15", "mysql", "mariadb")

# Files whose tests take longest begin first, so that no worker is left alone with one at the end.
_FIRST = (
    "e2e/test_access",
    "e2e/test_soak",
    "faults/test_crash_sweep",
    "e2e/test_life_cycle",
    "function/adapters/contract/test_provisioning",
    "faults/test_state_machine",
    "iam/test_matrix_on",
    "stacks/test_synthesis",
    "faults/test_bad_network",
    "faults/test_killed_servers",
    "faults/test_zero_downtime",
    "mysql_family/test_parity",
    "e2e/",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bring the longest files to the front; the order within a file stays."""

    def rank(item: pytest.Item) -> int:
        return next((place for place, part in enumerate(_FIRST) if part in item.nodeid), len(_FIRST))

    items.sort(key=rank)


class ByServers(LoadFileScheduling):  # type: ignore[misc]  # xdist publishes no types
    """Gives a worker whole files, and the files that share a deployment to one worker."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return _deployment_of(file) or file


@functools.cache
def _deployment_of(file: str) -> str | None:
    """Return the fixture that a file shares with others."""
    text = (_ROOT / file).read_text(encoding="utf-8") if file.startswith("tests/e2e/") else ""
    shared = {"shop": ": Shop", "deployment": ": Deployment"}
    begins_its_own = "LocalCloud.start(" in text
    return next((name for name, said in shared.items() if said in text and not begins_its_own), None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByServers:
    """Schedule so, whatever `--dist` says."""
    return ByServers(config, log)


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Return what puts a figure into the summary of the run, such as how many cases a sweep went through."""
    return _figures(request.config).append


def _figures(config: pytest.Config) -> list[str]:
    return config.stash.setdefault(_FIGURES, [])


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the figures of a worker to the process that prints the summary."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["figures"] = _figures(session.config)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take the figures of a worker that is done."""
    _figures(node.config).extend(getattr(node, "workeroutput", {}).get("figures", []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the figures that tests told, and how many tests of the adapters' contract each engine has passed."""
    passed = [report.nodeid for report in terminalreporter.stats.get("passed", []) if _CONTRACT in report.nodeid]
    for engine in _ENGINES if passed else ():
        count = sum(re.search(rf"[\[-]{engine}[\]-]", nodeid) is not None for nodeid in passed)
        terminalreporter.write_line(f"contract of the adapters: {count} tests passed on {engine}")
    for figure in dict.fromkeys(_figures(config)):
        terminalreporter.write_line(figure)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """Give a test a second chance if its database server's own program crashed under it; the summary tells."""
    run_again_after_a_crash(item, nextitem, _figures(item.config).append)
    return True


def _tell_version(request: pytest.FixtureRequest, server: DatabaseServer) -> None:
    """Note the version that a server says it is."""
    watch(request.config, server)
    with contextlib.closing(server.superuser_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT version()")
        (version,) = cursor.fetchone()
    _figures(request.config).append(f"run on {server.engine}: {version.partition(' on ')[0]}")


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Return the throw-away certificate authority of this test session."""
    return Authority.load_or_create(tmp_path_factory.mktemp("tls") / "authority")


@pytest.fixture(scope="session")
def postgres(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> Iterator[PostgresServer]:
    """Run one PostgreSQL server for the whole test session, which logs every statement."""
    with running(PostgresServer, tmp_path_factory.mktemp("postgres"), authority, _LOG_STATEMENTS) as server:
        _tell_version(request, server)
        yield server


@pytest.fixture(scope="session")
def postgres_15(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> Iterator[PostgresServer]:
    """Run the system's PostgreSQL 15 for the whole test session, which logs every statement."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, postgres_15_programs())
        with running(PostgresServer, tmp_path_factory.mktemp("postgres-15"), authority, _LOG_STATEMENTS) as server:
            patch.undo()
            _tell_version(request, server)
            yield server


@pytest.fixture(scope="session")
def mysql(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> Iterator[MySqlServer]:
    """Run one MySQL server for the whole test session, which logs every statement."""
    with running(MySqlServer, tmp_path_factory.mktemp("mysql"), authority) as server:
        _tell_version(request, server)
        yield server


@pytest.fixture(scope="session")
def mariadb(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> Iterator[MariaDbServer]:
    """Run one MariaDB server for the whole test session, which logs every statement."""
    with running(MariaDbServer, tmp_path_factory.mktemp("mariadb"), authority) as server:
        _tell_version(request, server)
        yield server

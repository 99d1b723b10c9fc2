"""A server that crashed is told from one that was stopped or killed, and a test that it took along runs again."""

from __future__ import annotations

import os
import signal
import textwrap
from typing import TYPE_CHECKING

from localcloud.databases import PostgresServer
from tests.support.databases import running
from tests.support.toolchain import ROOT
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from localcloud.databases import Authority

pytest_plugins = ["pytester"]

_SUITE = """
    import os, signal, time
    import pytest
    from tests.support.second_chance import run_again_after_a_crash, watch

    class Server:
        product = "A server"
        crashed = False

    @pytest.fixture(scope="session")
    def server(request):
        server = Server()
        watch(request.config, server)
        return server

    RUNS = []

    def test_under_which_the_server_crashes(server):
        RUNS.append(server)
        server.crashed = len(RUNS) == 1
        assert not server.crashed

    def test_that_finds_a_new_server(server):
        assert server is RUNS[1] is not RUNS[0]

    def test_that_fails_by_itself(server):
        RUNS.append("once")
        assert RUNS.count("once") == 0
"""
_HOOK = """
    from tests.support.second_chance import run_again_after_a_crash

    def pytest_runtest_protocol(item, nextitem):
        run_again_after_a_crash(item, nextitem, print)
        return True
"""


def test_only_a_fault_of_its_own_counts_as_a_crash(tmp_path: Path, authority: Authority) -> None:
    """Neither does a stop, nor `kill -9`."""
    with running(PostgresServer, tmp_path / "server", authority) as server:
        assert not server.crashed
        server.kill()
        assert not server.crashed
        server.start()
        server.stop()
        assert not server.crashed
        server.start()
        assert server.pid is not None
        os.kill(server.pid, signal.SIGSEGV)
        assert eventually(lambda: server.crashed)


def test_a_test_runs_again_on_a_new_server(pytester: pytest.Pytester) -> None:
    """Once, and only if a server crashed."""
    pytester.syspathinsert(ROOT)
    pytester.makeconftest(textwrap.dedent(_HOOK))
    pytester.makepyfile(textwrap.dedent(_SUITE))
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-s")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*A server crashed under *test_under_which_the_server_crashes, which ran again*"])

"""Servers that crash under a test by a fault of their own program.

MariaDB 10.11 does, once in many thousands of connections that are broken off in the middle of a statement. It says
nothing of the function under test, and RDS starts such a server again; here, tests get a new one.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from _pytest.runner import runtestprotocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.databases import DatabaseServer

_SERVERS = pytest.StashKey[list["DatabaseServer"]]()


def watch(config: pytest.Config, server: DatabaseServer) -> None:
    """Have tests run again that fail after this server crashed."""
    config.stash.setdefault(_SERVERS, []).append(server)


def run_again_after_a_crash(item: pytest.Item, nextitem: pytest.Item | None, tell: Callable[[str], None]) -> None:
    """Run one test, and once more on new servers if it failed and a server had crashed.

    :param tell: gets a sentence about every server that crashed.
    """
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = runtestprotocol(item, nextitem=nextitem, log=False)
    crashed = [server for server in item.config.stash.get(_SERVERS, []) if server.crashed]
    if crashed and any(report.failed for report in reports):
        for server in crashed:
            tell(f"{server.product} crashed under {item.nodeid}, which ran again on a new one")
        # With every fixture that lives longer than one test: they may hold sessions of the server.
        with contextlib.suppress(Exception):
            item.session._setupstate.teardown_exact(None)
        item.config.stash[_SERVERS].clear()
        item._initrequest()  # type: ignore[attr-defined]  # as pytest does before a test's first run
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)

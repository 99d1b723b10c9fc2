"""The throw-away database servers of a test session."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

from tests.support.postgres import MASTER_PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from localcloud.databases import Authority, DatabaseServer

POSTGRES_15_VARIABLE = "LOCALCLOUD_POSTGRES_15_BIN"

_POSTGRES_15 = "/usr/lib/postgresql/15/bin"  # where Debian installs it

Server = TypeVar("Server", bound="DatabaseServer")


def postgres_15_programs() -> str:
    """Return the folder with the programs of PostgreSQL 15; a machine without them fails the test, by name."""
    folder = os.environ.get(POSTGRES_15_VARIABLE, _POSTGRES_15)
    if not Path(folder, "initdb").exists():
        pytest.fail(
            f"No PostgreSQL 15 in {folder}: install it (on Debian 12 `apt-get install postgresql-15`), "
            f"or set {POSTGRES_15_VARIABLE} to the folder of its programs."
        )
    return folder


@contextlib.contextmanager
def running(
    kind: type[Server], directory: Path, authority: Authority, parameters: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Run a server with the master `orders_master` and the database `orders`."""
    server = kind.create(
        directory,
        authority=authority,
        master_username="orders_master",
        master_password=MASTER_PASSWORD,
        database="orders",
        parameters=parameters,
    )
    try:
        yield server
    finally:
        server.destroy()

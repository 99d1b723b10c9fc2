"""The throw-away database servers of a test session."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, TypeVar

from tests.support.postgres import MASTER_PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from localcloud.databases import Authority, DatabaseServer

SYSTEM_POSTGRES = "/usr/lib/postgresql/15/bin"
"""Where Debian 12 installs its PostgreSQL."""

Server = TypeVar("Server", bound="DatabaseServer")


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

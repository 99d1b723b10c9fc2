"""Sessions on the throw-away MySQL and MariaDB servers of the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pymysql

from tests.support.postgres import verifying_context

if TYPE_CHECKING:
    from pymysql.connections import Connection
    from pymysql.cursors import Cursor

    from localcloud.databases import Authority, MariaDbServer, MySqlServer


def connect(
    server: MySqlServer | MariaDbServer,
    authority: Authority,
    *,
    user: str,
    password: str,
    database: str | None = None,
    **options: Any,
) -> Connection[Cursor]:
    """Log in by verified TLS.

    :param database: none by default.
    :param options: further arguments of :func:`pymysql.connect`.
    """
    return pymysql.connect(
        user=user,
        password=password.encode(),  # PyMySQL would take text for Latin-1, and the server was given UTF-8
        host=server.host,
        port=server.port,
        database=database,
        ssl=verifying_context(authority),
        **options,
    )

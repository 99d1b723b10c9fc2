"""Sessions on the throw-away PostgreSQL servers of the tests."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pg8000.dbapi

if TYPE_CHECKING:
    from localcloud.databases import Authority, PostgresServer

MASTER_PASSWORD = "a master's password: \\ \" % é"


def verifying_context(authority: Authority) -> ssl.SSLContext:
    """Return a TLS context that trusts one authority alone, checks host names and is as strict as Python 3.13."""
    context = ssl.create_default_context(cafile=authority.certificate)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def connect(
    server: PostgresServer, authority: Authority, *, user: str, password: str, database: str = "postgres"
) -> pg8000.dbapi.Connection:
    """Log in by verified TLS."""
    context = verifying_context(authority)
    return pg8000.dbapi.connect(
        user=user, password=password, host=server.host, port=server.port, database=database, ssl_context=context
    )

"""A Lambda function that tells how the orders stand; pg8000, which is pure Python, comes with it."""

from __future__ import annotations

import logging
import os
from contextlib import closing
from typing import Any

import pg8000.dbapi

from rotating_rds_client import ConnectReport, DriverAdapter, RotatingConnector, SecretSource

_logger = logging.getLogger(__name__)
_logger.setLevel(logging.INFO)

_COUNT = "SELECT count(*) FILTER (WHERE shipped_at IS NULL), count(shipped_at) FROM orders"


def _note(report: ConnectReport) -> None:
    if report.retries:
        _logger.info("%s after %d refused login(s), in %.1f s", report.outcome, report.retries, report.seconds)


# One for each execution environment: invocations share the secret's value, which is read again every five minutes, or
# when the database refuses it. A connection would not survive being frozen between two invocations.
_connector = RotatingConnector(
    SecretSource(os.environ["DATABASE_SECRET_ID"]),
    DriverAdapter(pg8000.dbapi.connect, timeout=10),
    observer=_note,
)


def handler(_event: object, _context: object) -> dict[str, Any]:
    """Count the orders that wait and those that were shipped."""
    with closing(_connector.connect()) as connection:
        cursor = connection.cursor()
        cursor.execute(_COUNT)
        waiting, shipped = cursor.fetchone()
    return {"waiting": waiting, "shipped": shipped}

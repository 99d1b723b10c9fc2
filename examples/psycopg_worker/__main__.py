"""Run the worker: ``python -m psycopg_worker``; SIGTERM ends it after the order that it has begun."""

from __future__ import annotations

import logging
import os
import signal
import sys

from rotating_rds_client import ConnectReport, RotatingRdsClientError, SecretSource
from rotating_rds_client.psycopg_pool import connection_pool

from .worker import Worker

_logger = logging.getLogger("psycopg_worker")

# Whoever waits for a connection in the middle of a rotation waits no longer than the client's budget of 15 s.
_SECONDS_FOR_A_CONNECTION = 20


def main() -> int:
    """Work until told to stop; 2 for wrong settings, 1 if the credential cannot be read at the start."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")  # journald has the time
    secret_id = os.environ.get("DATABASE_SECRET_ID")
    if not secret_id:
        print("DATABASE_SECRET_ID is not set: set it to the name or ARN of the database secret.", file=sys.stderr)
        return 2
    source = SecretSource(secret_id)
    try:
        source.get()  # a pool would go on trying in the background for minutes
    except RotatingRdsClientError as error:
        print(f"The worker cannot start: {error}", file=sys.stderr)
        return 1
    with connection_pool(source, min_size=1, max_size=2, timeout=_SECONDS_FOR_A_CONNECTION, observer=_note) as pool:
        worker = Worker(pool)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, worker.stop)
        _logger.info("Ready")
        worker.run()
    _logger.info("Stopped in good order")
    return 0


def _note(report: ConnectReport) -> None:
    if report.retries:
        _logger.info("%s after %d refused login(s), in %.1f s", report.outcome, report.retries, report.seconds)


if __name__ == "__main__":
    sys.exit(main())

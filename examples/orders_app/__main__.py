"""Run the application: ``python -m examples.orders_app``; SIGTERM or Ctrl-C ends it in good order."""

from __future__ import annotations

import os
import signal
import sys

import pg8000.dbapi

from examples.orders_app.journal import Journal
from examples.orders_app.service import OrderService
from examples.orders_app.settings import Settings
from rotating_rds_client import DriverAdapter, RotatingConnector, RotatingRdsClientError, SecretSource

_SECONDS_PER_DATABASE_CALL = 10


def main() -> int:
    """Serve orders; 2 for wrong settings, 1 if the database cannot be reached at the start."""
    try:
        settings = Settings.from_environment(os.environ)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    with Journal(settings.journal) as journal:
        adapter = DriverAdapter(pg8000.dbapi.connect, timeout=_SECONDS_PER_DATABASE_CALL, application_name="orders_app")
        connector = RotatingConnector(SecretSource(settings.secret_id), adapter, observer=journal.connected)
        service = OrderService(settings, connector, journal)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, service.stop)
        try:
            service.run()
        except (RotatingRdsClientError, pg8000.dbapi.Error) as error:
            print(f"The application cannot start: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

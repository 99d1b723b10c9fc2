"""Orders arrive at a steady pace, whether or not earlier ones have been served: as requests of users do."""

from __future__ import annotations

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from examples.orders_app import orders

if TYPE_CHECKING:
    from examples.orders_app.journal import Journal
    from examples.orders_app.settings import Settings
    from rotating_rds_client import RotatingConnector


class OrderService:
    """Serves arriving orders until told to stop, and finishes those that it has begun."""

    def __init__(self, settings: Settings, connector: RotatingConnector[Any], journal: Journal) -> None:
        self._settings = settings
        self._connector = connector
        self._journal = journal
        self._stopping = threading.Event()

    def stop(self, *_: object) -> None:
        """Take no more orders; fit to be a signal handler."""
        self._stopping.set()

    def run(self) -> None:
        """Serve until :meth:`stop`."""
        orders.prepare(self._connector)
        with ThreadPoolExecutor(self._settings.concurrency, thread_name_prefix="order") as pool:
            for number in self._arrivals():
                pool.submit(self._serve, f"item {number}")

    def _arrivals(self) -> itertools.takewhile[int]:
        began = time.monotonic()

        def next_one_arrives(number: int) -> bool:
            due = began + number / self._settings.orders_per_second
            return not self._stopping.wait(max(0.0, due - time.monotonic()))

        return itertools.takewhile(next_one_arrives, itertools.count())

    def _serve(self, item: str) -> None:
        began = time.monotonic()
        try:
            orders.place(self._connector, item)
        except Exception as error:  # noqa: BLE001 - one failed order must not end the service; it is counted
            self._journal.order("failed", error=type(error).__name__)
        else:
            self._journal.order("placed", seconds=round(time.monotonic() - began, 4))

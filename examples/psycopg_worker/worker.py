"""Works through the orders that wait; any number of workers may do so side by side."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

_logger = logging.getLogger(__name__)

# What another worker has taken is left to it; the lock ends with the transaction, also when this worker dies.
_NEXT = "SELECT id, item FROM orders WHERE shipped_at IS NULL ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED"
_SHIPPED = "UPDATE orders SET shipped_at = now() WHERE id = %s"


class Worker:
    """Ships orders until told to stop, and finishes the one that it has begun.

    :param idle: seconds between two looks at a table in which nothing waits, or at a database that is away.
    """

    def __init__(self, pool: ConnectionPool[Any], *, idle: float = 1.0) -> None:
        self._pool = pool
        self._idle = idle
        self._stopping = threading.Event()

    def stop(self, *_: object) -> None:
        """Take no more orders; fit to be a signal handler."""
        self._stopping.set()

    def run(self) -> None:
        """Work until :meth:`stop`."""
        while not self._stopping.is_set():
            if not self._try():
                self._stopping.wait(self._idle)

    def ship_next(self) -> int | None:
        """Ship the order that has waited longest, and return its number; None if none waits."""
        with self._pool.connection() as connection:
            order = connection.execute(_NEXT).fetchone()
            if order is None:
                return None
            number, item = order
            connection.execute(_SHIPPED, (number,))
        _logger.info("Order %d is shipped: %s", number, item)
        return int(number)

    def _try(self) -> bool:
        try:
            return self.ship_next() is not None
        except psycopg.OperationalError as error:  # the pool's own timeout is one as well
            _logger.warning("The database cannot be reached, trying again in %g s: %s", self._idle, error)
            return False

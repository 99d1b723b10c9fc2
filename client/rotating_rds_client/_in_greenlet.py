"""A source and a clock for code that SQLAlchemy runs in a greenlet of an event loop: they wait without blocking it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from sqlalchemy.util import await_only

from rotating_rds_client.aio import AsyncSecretSource

if TYPE_CHECKING:
    from rotating_rds_client.credentials import Credentials
    from rotating_rds_client.source import SecretSource


class GreenletSource:
    """A source whose questions other tasks share and go on beside."""

    def __init__(self, source: SecretSource) -> None:
        self._source = AsyncSecretSource(source)

    def get(self) -> Credentials:
        """Return credentials to try first."""
        return await_only(self._source.get())

    def refresh(self, rejected: Credentials | None = None, *, max_age: float = 0.0) -> Credentials:
        """Return credentials as they are now."""
        return await_only(self._source.refresh(rejected, max_age=max_age))


class GreenletClock:
    """The process's clock; whoever sleeps lets other tasks run."""

    def monotonic(self) -> float:
        """Return seconds that only grow."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        await_only(asyncio.sleep(seconds))

"""Event loops that see the end of every connection."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")

_PATIENCE = 5.0
_PAUSE = 0.01


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine as :func:`asyncio.run` does, but close the loop only when no connection is open any more.

    A TLS session that a driver gives up waits for the server's farewell. When the server is slower than the loop's
    end, Python warns of a socket that nobody closed, in whatever test happens to run then.
    """

    async def until_quiet() -> T:
        try:
            return await coroutine
        finally:
            for _ in range(int(_PATIENCE / _PAUSE)):
                if not _open_connections():
                    break
                await asyncio.sleep(_PAUSE)

    return asyncio.run(until_quiet())


def _open_connections() -> int:
    """Count what the loop listens to, but for the pipe by which it wakes itself."""
    loop: Any = asyncio.get_running_loop()
    return len(loop._selector.get_map()) - 1

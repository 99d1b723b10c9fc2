"""Callers who go on calling, whatever happens to the credential behind it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Self

from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

_PAUSE = 0.05


class Callers:
    """Some threads of which each calls, waits for the answer, and calls again; leaving the context ends them.

    :ivar served: when each call began and ended that succeeded.
    :ivar failures: what the others got instead.
    """

    def __init__(self, call: Callable[[], object], *, threads: int) -> None:
        self._call = call
        self._threads = threads
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(threads)
        self.served: list[tuple[float, float]] = []
        self.failures: list[Exception] = []

    def __enter__(self) -> Self:
        for _ in range(self._threads):
            self._pool.submit(self._go_on)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._pool.shutdown()

    def are_served(self, times: int = 5) -> bool:
        """Wait until some more calls have succeeded, which may be those that wait already; tell whether they have."""
        enough = len(self.served) + times
        return eventually(lambda: bool(self.failures) or len(self.served) >= enough, within=60)

    def served_during(self, begin: float, end: float) -> int:
        """Count the calls that were served, and were under way at some moment of a time."""
        return sum(began < end and ended > begin for began, ended in self.served)

    def _go_on(self) -> None:
        while not self._stopping.wait(_PAUSE):
            began = time.time()
            try:
                self._call()
            except Exception as error:  # noqa: BLE001  # whatever a caller sees is what the test is about
                self.failures.append(error)
            else:
                self.served.append((began, time.time()))

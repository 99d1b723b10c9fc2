"""The application's events, one JSON object a line; never a secret value."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Self, TextIO

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from rotating_rds_client import ConnectReport

_VERSION_PREFIX = 8


class Journal:
    """Written by any number of threads; a reader sees whole lines only.

    :param path: File to append to; standard output by default.
    """

    def __init__(self, path: Path | None) -> None:
        self._lock = threading.Lock()
        self._file: TextIO = path.open("a", encoding="utf-8") if path else sys.stdout
        self._totals: Counter[str] = Counter()

    def __enter__(self) -> Self:
        self.write("started")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._lock:
            totals = dict(self._totals)
        self.write("stopped", totals=totals)
        if self._file is not sys.stdout:
            self._file.close()

    def connected(self, report: ConnectReport) -> None:
        """Observe one call of ``connect``: when it began, how it ended, what it took."""
        self.write(
            "connect",
            outcome=report.outcome.value,
            began=time.time() - report.seconds,
            seconds=round(report.seconds, 4),
            logins=report.logins,
            retries=report.retries,
            refreshes=report.refreshes,
            version=(report.version_id or "")[:_VERSION_PREFIX],
        )

    def order(self, outcome: str, **details: Any) -> None:
        """Note how one order ended."""
        self.write("order", outcome=outcome, **details)

    def write(self, event: str, **details: Any) -> None:
        """Append one event with the time of day."""
        line = json.dumps({"event": event, "at": time.time()} | details)
        with self._lock:
            self._totals[f"{event} {details['outcome']}" if "outcome" in details else event] += 1
            self._file.write(line + "\n")
            self._file.flush()

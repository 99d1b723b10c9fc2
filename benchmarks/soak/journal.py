"""What an application writes down of its work, a line of JSON each, and the same read back."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from rotating_rds_client import ConnectReport


class JournalWriter:
    """Threads and tasks of a process share one."""

    def __init__(self, file: Path) -> None:
        self._lock = threading.Lock()
        self._stream = file.open("w", encoding="utf-8", buffering=1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    def called(self, operation: str) -> None:
        """Note a call of Secrets Manager."""
        self._write(event="call", operation=operation)

    def operated(self, client: str, error: Exception | None) -> None:
        """Note what came of an operation; an error by its type alone, for a driver's message may say anything."""
        self._write(event="operation", client=client, error=None if error is None else type(error).__name__)

    def connected(self, client: str, report: ConnectReport) -> None:
        """Note what came of a connection."""
        self._write(
            event="connection",
            client=client,
            began=time.time() - report.seconds,
            seconds=report.seconds,
            opened=report.outcome == "connected",
            retries=report.retries,
            version=report.version_id,
        )

    def _write(self, **event: Any) -> None:
        with self._lock:
            self._stream.write(json.dumps(event) + "\n")


@dataclass(frozen=True)
class Connection:
    """One connection that a client asked for.

    :param began: seconds since the epoch.
    :param opened: whether it was given.
    """

    client: str
    began: float
    seconds: float
    opened: bool
    retries: int
    version: str | None


@dataclass(frozen=True)
class Journal:
    """Everything that an application did.

    :param operations: client and error, None where there was none, of each.
    :param calls: operations of Secrets Manager, by name.
    """

    operations: tuple[tuple[str, str | None], ...]
    connections: tuple[Connection, ...]
    calls: tuple[str, ...]

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read what has been written so far; a last line that is not whole yet is left for later."""
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        operations, connections, calls = [], [], []
        for event in (json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")):
            match event.pop("event"):
                case "operation":
                    operations.append((event["client"], event["error"]))
                case "connection":
                    connections.append(Connection(**event))
                case "call":
                    calls.append(event["operation"])
        return cls(tuple(operations), tuple(connections), tuple(calls))

"""What the sample application's journal says: reading and counting, no process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Connect:
    """One call of ``connect`` by the application.

    :param began: When it was asked for, in seconds since the epoch.
    """

    began: float
    seconds: float
    outcome: str
    retries: int
    version: str

    @property
    def opened(self) -> bool:
        """Whether it gave a connection."""
        return self.outcome == "connected"


@dataclass(frozen=True)
class Traffic:
    """Everything that an application did so far."""

    connects: tuple[Connect, ...] = ()
    failed_orders: int = 0
    placed_orders: int = 0
    stopped_in_order: bool = False

    @property
    def opened(self) -> list[Connect]:
        """The connections that came about."""
        return [connect for connect in self.connects if connect.opened]

    @property
    def failures(self) -> int:
        """Operations that failed for the application: connections that did not come about, orders not placed."""
        return max(self.failed_orders, len(self.connects) - len(self.opened))

    @property
    def retried(self) -> list[Connect]:
        """The connections that took more than one login."""
        return [connect for connect in self.opened if connect.retries]

    def opened_of(self, asked_from: float, asked_until: float) -> list[Connect]:
        """Return the connections that came about of those asked for within a time."""
        return [connect for connect in self.opened if asked_from <= connect.began < asked_until]

    def uses(self, version_id: str) -> bool:
        """Whether a connection was opened with a version, of which the journal has a prefix."""
        return any(connect.version and version_id.startswith(connect.version) for connect in self.opened)


def read_journal(journal: Path) -> Traffic:
    """Read a journal; a last line that is not whole yet is left for later."""
    text = journal.read_text(encoding="utf-8") if journal.exists() else ""
    events = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
    orders = [event["outcome"] for event in events if event["event"] == "order"]
    return Traffic(
        connects=tuple(_connect(event) for event in events if event["event"] == "connect"),
        failed_orders=orders.count("failed"),
        placed_orders=orders.count("placed"),
        stopped_in_order=any(event["event"] == "stopped" for event in events),
    )


def _connect(event: dict[str, Any]) -> Connect:
    return Connect(event["began"], event["seconds"], event["outcome"], event["retries"], event["version"])

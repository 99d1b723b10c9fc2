"""What a connector tells about itself: one report for every call of ``connect``, never a secret value."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How a call of ``connect`` ended."""

    CONNECTED = "connected"
    REJECTED = "rejected"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectReport:
    """One call of ``connect``.

    :param outcome: ``REJECTED``: no version logged in within the budget; ``FAILED``: any other error, passed through.
    :param version_id: The version tried last; ``None`` where the secret could not be read at all.
    :param logins: Attempts to log in, the first one included.
    :param refreshes: How often the secret was asked for after a refused login.
    :param seconds: How long the call took, waiting included.
    """

    outcome: Outcome
    version_id: str | None
    logins: int
    refreshes: int
    seconds: float

    @property
    def retries(self) -> int:
        """Logins after the first one."""
        return max(0, self.logins - 1)


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over many calls of ``connect``."""

    connections: int = 0
    retries: int = 0
    refreshes: int = 0
    failures: int = 0

    def plus(self, report: ConnectReport) -> Totals:
        """Add one report."""
        connected = report.outcome is Outcome.CONNECTED
        return Totals(
            self.connections + connected,
            self.retries + report.retries,
            self.refreshes + report.refreshes,
            self.failures + (not connected),
        )


class Counters:
    """An observer that adds up; any number of threads and connectors may share one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._totals = Totals()

    def __call__(self, report: ConnectReport) -> None:
        """Take in one report."""
        with self._lock:
            self._totals = self._totals.plus(report)

    @property
    def totals(self) -> Totals:
        """The sums so far, taken at one moment."""
        return self._totals

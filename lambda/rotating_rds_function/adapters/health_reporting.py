"""What the probe leaves behind about a credential: one log line, one line of metrics, one entry of its answer."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any, Final

from rotating_rds_function.adapters.reporting import NAMESPACE, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rotating_rds_function.domain.probe import Health

# By the field that each is about; what could not be found out is no data point.
_METRICS: Final = {
    "ProbeRuns": ("complete", "Count"),
    "LoginFailures": ("login_failures", "Count"),
    "OverdueHours": ("overdue_hours", "None"),
    "PendingHours": ("pending_hours", "None"),
    "PrivilegeDifferences": ("differences", "Count"),
    "RetainedHours": ("retained_hours", "None"),
    "CertificateDays": ("certificate_days", "None"),
}

logger = logging.getLogger("rotating_rds")


class HealthReport:
    """A credential's health, in the words of logs and metrics.

    :param health: what was found out.
    :param databases: those of the deployment: if it could not be found out whose credential it is, it may be any's.
    """

    def __init__(self, health: Health, databases: Iterable[str]) -> None:
        self._health = health
        self._databases = [health.target.database] if health.target else sorted(databases)
        self._error = health.failure or health.unexamined

    @property
    def fields(self) -> dict[str, Any]:
        """Everything that is known, without a secret."""
        health, target = self._health, self._health.target
        known: dict[str, Any] = {
            "step": "probe",
            "secret": health.secret_id,
            "outcome": self._outcome,
            "cause": str(self._error.cause) if self._error else None,
            "sentence": str(self._error) if self._error else None,
            "database": target.database if target else UNKNOWN,
            "username": target.username if target else UNKNOWN,
            "strategy": target.strategy if target else UNKNOWN,
            "rotated_days": health.rotated_days,
            "overdue_hours": health.overdue_hours,
            "pending_hours": health.pending_hours,
            "differences": None if health.differences is None else list(health.differences),
            "retained_hours": health.retained_hours,
            "certificate_days": health.certificate_days,
        }
        return {
            name: round(value, 3) if isinstance(value, float) else value
            for name, value in known.items()
            if value is not None
        }

    @property
    def _outcome(self) -> str:
        if self._health.failure:
            return "failed"
        return "unexamined" if self._health.unexamined else "succeeded"

    def log(self) -> None:
        """Write the log line; Lambda's JSON format makes fields of it."""
        level = logging.INFO if self._error is None else logging.ERROR
        logger.log(level, "probe %s", self._error or self._outcome, extra=self.fields)

    def metrics(self, milliseconds_since_epoch: int) -> list[str]:
        """Return the metrics as lines of CloudWatch's embedded metric format, one a database."""
        return [self._line(database, milliseconds_since_epoch) for database in self._databases]

    def _line(self, database: str, milliseconds_since_epoch: int) -> str:
        health = self._health
        differences = None if health.differences is None else len(health.differences)
        values: dict[str, float | None] = {
            "complete": int(health.unexamined is None),
            # An examination that never got to a login says nothing of it.
            "login_failures": None
            if health.failure is None and health.certificate_days is None
            else int(health.failure is not None),
            "overdue_hours": health.overdue_hours,
            "pending_hours": health.pending_hours,
            "differences": differences,
            "retained_hours": health.retained_hours,
            "certificate_days": health.certificate_days,
        }
        found = {
            name: (round(value, 3), unit)
            for name, (key, unit) in _METRICS.items()
            if (value := values[key]) is not None
        }
        directive = {
            "Namespace": NAMESPACE,
            "Dimensions": [["Database"]],
            "Metrics": [{"Name": name, "Unit": unit} for name, (_, unit) in found.items()],
        }
        line = {
            "_aws": {"Timestamp": milliseconds_since_epoch, "CloudWatchMetrics": [directive]},
            "Database": database,
            **{name: value for name, (value, _) in found.items()},
        }
        return json.dumps(line, separators=(",", ":"))

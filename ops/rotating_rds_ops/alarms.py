"""Which alarms about a credential are on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rotating_rds_ops.aws import Aws
    from rotating_rds_ops.credentials import Credential

_NAMESPACES = ("RotatingRDS", "AWS/Lambda")


@dataclass(frozen=True)
class Alarms:
    """Alarms in the state ALARM.

    :param subjects: what the metrics of each alarm are about, by the alarm's name: databases and functions.
    """

    subjects: Mapping[str, frozenset[str]]

    def about(self, credential: Credential) -> list[str]:
        """Return the names of those about a credential's database, or the function that rotates it."""
        concerned = {credential.database, (credential.function or "").rpartition(":")[2]} - {""}
        return sorted(name for name, about in self.subjects.items() if concerned & about)


def on(aws: Aws) -> Alarms:
    """Return the alarms that are on."""
    pages = aws.alarms.get_paginator("describe_alarms").paginate(StateValue="ALARM")
    return Alarms(
        {
            alarm["AlarmName"]: frozenset(name for metric in _metrics(alarm) for name in _subjects(metric))
            for page in pages
            for alarm in page["MetricAlarms"]
        }
    )


def _metrics(alarm: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Return the metrics of an alarm, which it names itself or in the terms of an expression."""
    terms = [term["MetricStat"]["Metric"] for term in alarm.get("Metrics", []) if "MetricStat" in term]
    return (metric for metric in (alarm, *terms) if metric.get("Namespace") in _NAMESPACES)


def _subjects(metric: Mapping[str, Any]) -> Iterator[str]:
    """Return whom a metric is about: a metric filter cannot give it dimensions, and has the database in its name."""
    yield from (dimension["Value"] for dimension in metric.get("Dimensions", []))
    yield metric["MetricName"].partition("-")[2]

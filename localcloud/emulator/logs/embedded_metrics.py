"""Metrics inside log lines: CloudWatch's embedded metric format.

Source: "Specification: Embedded metric format" (CloudWatch User Guide). A line that breaks the specification is just a
line, as on AWS, where nobody is told either.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_METRICS, _DIMENSIONS, _VALUES = 100, 30, 100


@dataclass(frozen=True)
class Datum:
    """One value of a metric.

    :param timestamp: seconds since the epoch.
    """

    namespace: str
    name: str
    value: float
    unit: str
    dimensions: dict[str, str]
    timestamp: float


def read(line: str) -> list[Datum]:
    """Return what a log line says about metrics, which is nothing for most."""
    if '"_aws"' not in line:
        return []
    try:
        return list(_data(json.loads(line)))
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


def _data(document: dict[str, Any]) -> Iterator[Datum]:
    metadata = document["_aws"]
    timestamp = metadata["Timestamp"] / 1000
    for directive in metadata["CloudWatchMetrics"]:
        _limit(directive["Metrics"], _METRICS)
        for names in directive.get("Dimensions") or [[]]:
            _limit(names, _DIMENSIONS)
            dimensions = {name: _text(document[name]) for name in names}
            for metric in directive["Metrics"]:
                unit = metric.get("Unit", "None")
                for value in _values(document[metric["Name"]]):
                    yield Datum(directive["Namespace"], metric["Name"], value, unit, dimensions, timestamp)


def _values(value: Any) -> list[float]:
    values = value if isinstance(value, list) else [value]
    _limit(values, _VALUES)
    if any(isinstance(each, bool) or not isinstance(each, (int, float)) for each in values):
        raise ValueError("A metric has a value that is no number.")
    return [float(each) for each in values]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("A dimension has a value that is no text.")
    return value


def _limit(items: list[Any], most: int) -> None:
    if len(items) > most:
        raise ValueError("A line has more than the specification allows.")

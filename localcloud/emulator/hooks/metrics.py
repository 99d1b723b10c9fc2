"""Metrics of AWS services and metrics inside log lines.

ministack stores lines in CloudWatch's embedded metric format as text only ("Specification: Embedded metric format",
CloudWatch User Guide). A service's metrics are stamped with the emulator's time, which alarms are evaluated at.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ministack.services import cloudwatch, cloudwatch_logs

from localcloud.emulator import clock, patches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localcloud.emulator.emulator import Emulator

    Datum = tuple[str, str, float, str, dict[str, str]]

_bucket = patches.expect(cloudwatch, "_metric_bucket", "(key)")
_dimensions_key = patches.expect(cloudwatch, "_dims_key", "(dims)")


def install(_: Emulator) -> None:
    """Read every log line that arrives, and stamp metrics."""
    record_signature = "(namespace, metric_name, value, unit='None', dimensions=None)"
    patches.replace(cloudwatch, "record_metric", record_signature, _record)
    signature = "(group_name, stream_name, events)"
    patches.replace(cloudwatch_logs, "_fanout_to_subscription_filters", signature, _read)


def _read(original: Callable[..., None], group_name: str, stream_name: str, events: list[dict[str, Any]]) -> None:
    for event in events:
        if '"_aws"' in event["message"]:
            for datum in _data(event["message"]):
                cloudwatch.record_metric(*datum)
    original(group_name, stream_name, events)


def _record(  # ministack's signature
    _: Callable[..., None],
    namespace: str,
    metric_name: str,
    value: float,
    unit: str = "None",
    dimensions: dict[str, str] | None = None,
) -> None:
    dimensions = dimensions or {}
    point = {"Timestamp": clock.now(), "Value": float(value), "Unit": unit, "Dimensions": dimensions}
    _bucket((namespace, metric_name, _dimensions_key(dimensions))).append(point)


def _data(message: str) -> Iterator[Datum]:
    try:
        document = json.loads(message)
        directives = document["_aws"]["CloudWatchMetrics"]
    except (ValueError, KeyError, TypeError):
        return  # a line that only looks like the format is just a line, as on AWS
    for directive in directives:
        for names in directive.get("Dimensions") or [[]]:
            dimensions = {name: str(document[name]) for name in names}
            for metric in directive["Metrics"]:
                value = document[metric["Name"]]
                for number in value if isinstance(value, list) else [value]:
                    yield directive["Namespace"], metric["Name"], number, metric.get("Unit", "None"), dimensions

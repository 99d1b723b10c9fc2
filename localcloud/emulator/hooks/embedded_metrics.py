"""Metrics inside log lines: CloudWatch's embedded metric format, which ministack stores as text only.

Source: "Specification: Embedded metric format" in the CloudWatch User Guide.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ministack.services import cloudwatch, cloudwatch_logs

from localcloud.emulator import patches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localcloud.emulator.emulator import Emulator

    Datum = tuple[str, str, float, str, dict[str, str]]

_record = patches.expect(cloudwatch, "record_metric", "(namespace, metric_name, value, unit='None', dimensions=None)")


def install(_: Emulator) -> None:
    """Read every log line that arrives."""
    signature = "(group_name, stream_name, events)"
    patches.replace(cloudwatch_logs, "_fanout_to_subscription_filters", signature, _read)


def _read(original: Callable[..., None], group_name: str, stream_name: str, events: list[dict[str, Any]]) -> None:
    for event in events:
        if '"_aws"' in event["message"]:
            for datum in _data(event["message"]):
                _record(*datum)
    original(group_name, stream_name, events)


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

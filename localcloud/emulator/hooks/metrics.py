"""Metrics of AWS services, and metrics inside log lines.

ministack stores lines in CloudWatch's embedded metric format as text only, and takes a question for a metric without
dimensions for one about all dimensions together. A service's metrics are stamped with the emulator's time, a line's
with the time that the line names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.services import cloudwatch, cloudwatch_logs

from localcloud.emulator import clock, patches
from localcloud.emulator.logs import embedded_metrics
from localcloud.emulator.logs.embedded_metrics import Datum

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.emulator.emulator import Emulator

_bucket = patches.expect(cloudwatch, "_metric_bucket", "(key)")
_dimensions_key = patches.expect(cloudwatch, "_dims_key", "(dims)")


class _Exactly(dict[str, str]):
    """The dimensions that are asked for; having none is an answer, too."""

    def __bool__(self) -> bool:
        """Keep ministack from taking none for any."""
        return True


def install(_: Emulator) -> None:
    """Read every log line that arrives, and stamp metrics."""
    record_signature = "(namespace, metric_name, value, unit='None', dimensions=None)"
    patches.replace(cloudwatch, "record_metric", record_signature, _record)
    patches.replace(cloudwatch, "_dims_from_list", "(dimensions)", lambda original, given: _Exactly(original(given)))
    signature = "(group_name, stream_name, events)"
    patches.replace(cloudwatch_logs, "_fanout_to_subscription_filters", signature, _read)


def put(datum: Datum) -> None:
    """Add a value to a metric of the account and region that are being served."""
    point = {
        "Timestamp": datum.timestamp,
        "Value": datum.value,
        "Unit": datum.unit,
        "Dimensions": datum.dimensions,
    }
    _bucket((datum.namespace, datum.name, _dimensions_key(datum.dimensions))).append(point)


def _read(original: Callable[..., None], group_name: str, stream_name: str, events: list[dict[str, Any]]) -> None:
    for event in events:
        for datum in embedded_metrics.read(event["message"]):
            put(datum)
    original(group_name, stream_name, events)


def _record(  # ministack's signature
    _: Callable[..., None],
    namespace: str,
    metric_name: str,
    value: float,
    unit: str = "None",
    dimensions: dict[str, str] | None = None,
) -> None:
    put(Datum(namespace, metric_name, float(value), unit, dimensions or {}, clock.now()))

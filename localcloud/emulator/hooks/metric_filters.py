"""Metric filters, and the patterns of everything else that filters log lines.

ministack keeps metric filters and does nothing with them; to it a pattern over JSON matches every line. Here a line
that matches becomes the value of a metric at the line's time; while lines arrive and none matches, the default value
does, once a minute ("Creating metrics from log events using filters", CloudWatch Logs User Guide). What AWS refuses is
refused.
"""

from __future__ import annotations

import functools
import json
import re
from typing import TYPE_CHECKING, Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudwatch_logs

from localcloud.emulator import patches
from localcloud.emulator.answers import ServiceError
from localcloud.emulator.hooks import metrics
from localcloud.emulator.logs import conditions, pattern
from localcloud.emulator.logs.embedded_metrics import Datum
from localcloud.emulator.logs.errors import InvalidPatternError

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.emulator.answers import Answer
    from localcloud.emulator.emulator import Emulator

    Events = list[dict[str, Any]]

_DIMENSIONS = 3
_MINUTE = 60
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_defaulted: dict[tuple[str, ...], int] = {}  # in which minute a filter last gave its default value
_compiled = functools.lru_cache(maxsize=256)(pattern.compile_pattern)


def install(_: Emulator) -> None:
    """Apply metric filters to every line that arrives, and read patterns as CloudWatch Logs does."""
    patches.require(cloudwatch_logs, "_metric_filters")
    signature = "(group_name, stream_name, events)"
    patches.replace(cloudwatch_logs, "_fanout_to_subscription_filters", signature, _apply)
    patches.replace(cloudwatch_logs, "_put_metric_filter", "(data)", _put)
    patches.replace(cloudwatch_logs, "_put_subscription_filter", "(data)", _checked)
    patches.replace(cloudwatch_logs, "_filter_log_events", "(data)", _checked)
    patches.replace(cloudwatch_logs, "_compile_filter_pattern", "(raw)", lambda _, raw: _compiled(raw or ""))
    patches.replace(
        cloudwatch_logs,
        "_subscription_pattern_matches",
        "(pattern, message)",
        lambda _, text, message: _compiled(text or "")(message or ""),
    )


def _apply(original: Callable[..., None], group_name: str, stream_name: str, events: Events) -> None:
    for (group, _), metric_filter in list(cloudwatch_logs._metric_filters.items()):
        if group == group_name:
            _measure(metric_filter, events)
    original(group_name, stream_name, events)


def _measure(metric_filter: dict[str, Any], events: Events) -> None:
    matches = _compiled(metric_filter["filterPattern"])
    (transformation,) = metric_filter["metricTransformations"]
    for event in events:
        if matches(event["message"]):
            _publish(transformation, event)
        elif transformation.get("defaultValue") is not None:
            _publish_default(metric_filter, transformation, event)


def _publish(transformation: dict[str, Any], event: dict[str, Any]) -> None:
    document = _document(event["message"])
    value = _number(transformation["metricValue"], document)
    dimensions = {
        name: conditions.select(document, selector)
        for name, selector in (transformation.get("dimensions") or {}).items()
    }
    # Without the value or one of the dimensions there is no data point, as on AWS.
    if value is not None and all(dimensions.values()):
        texts = {name: str(values[0]) for name, values in dimensions.items()}
        metrics.put(_datum(transformation, value, texts, event))


def _publish_default(metric_filter: dict[str, Any], transformation: dict[str, Any], event: dict[str, Any]) -> None:
    minute = event["timestamp"] // (1000 * _MINUTE)
    key = (get_account_id(), get_region(), metric_filter["logGroupName"], metric_filter["filterName"])
    if _defaulted.get(key) != minute:
        _defaulted[key] = minute
        metrics.put(_datum(transformation, float(transformation["defaultValue"]), {}, event))


def _datum(transformation: dict[str, Any], value: float, dimensions: dict[str, str], event: dict[str, Any]) -> Datum:
    namespace, name = transformation["metricNamespace"], transformation["metricName"]
    return Datum(namespace, name, value, transformation.get("unit") or "None", dimensions, event["timestamp"] / 1000)


def _number(text: str, document: Any) -> float | None:
    if not text.startswith("$"):
        return float(text)
    values = conditions.select(document, text)
    found = values[0] if values else None
    try:
        return None if found is None or isinstance(found, bool) else float(found)
    except (TypeError, ValueError):
        return None


def _document(message: str) -> Any:
    try:
        return json.loads(message)
    except ValueError:
        return None


def _put(original: Callable[..., Answer], data: dict[str, Any]) -> Answer:
    try:
        _check_transformations(data.get("metricTransformations") or [])
    except ServiceError as error:
        return error.answer()
    return _checked(original, data)


def _checked(original: Callable[..., Answer], data: dict[str, Any]) -> Answer:
    try:
        _compiled(data.get("filterPattern") or "")
    except InvalidPatternError as error:
        return ServiceError("InvalidParameterException", str(error)).answer()
    return original(data)


def _check_transformations(transformations: list[dict[str, Any]]) -> None:
    if len(transformations) != 1:
        raise _invalid(f"A metric filter has one metric transformation, not {len(transformations)}.")
    (only,) = transformations
    value, dimensions = str(only.get("metricValue")), only.get("dimensions") or {}
    if not (_NUMBER.fullmatch(value) or value.startswith("$.")):
        raise _invalid(f"metricValue is a number or a selector such as $.latency, not {value!r}.")
    if len(dimensions) > _DIMENSIONS:
        raise _invalid(f"A metric filter has at most {_DIMENSIONS} dimensions, not {len(dimensions)}.")
    if dimensions and only.get("defaultValue") is not None:
        raise _invalid("A metric filter with dimensions has no default value.")


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidParameterException", message)

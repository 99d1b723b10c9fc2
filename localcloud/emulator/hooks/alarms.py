"""Metric alarms that evaluate periods, dimensions, units, metric math and missing data, and return to OK.

ministack evaluates an alarm only when somebody puts a metric, over all dimensions together and without a notion of
missing data, so that an alarm over Lambda's metrics never fires or never clears. AWS evaluates every minute; here it is
every second, so that nobody waits, and at every period's end while a test moves the clock. What an alarm looks at is
checked when it is made: anomaly detection, metrics of other accounts and Metrics Insights are refused.
"""

from __future__ import annotations

import json
import logging
import math
import threading
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from ministack.core.responses import request_scope
from ministack.services import cloudwatch

from localcloud.emulator import clock, patches
from localcloud.emulator.alarms import reasons
from localcloud.emulator.alarms.checks import check
from localcloud.emulator.alarms.errors import InvalidAlarmError
from localcloud.emulator.alarms.evaluation import EXTRA_PERIODS, Rule, State
from localcloud.emulator.alarms.query import Metric, Query

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.emulator.alarms.values import Series
    from localcloud.emulator.answers import Answer
    from localcloud.emulator.emulator import Emulator

    Alarm = dict[str, Any]

_logger = logging.getLogger("localcloud.alarms")
_lock = threading.RLock()

_dimensions_key = patches.expect(cloudwatch, "_dims_key", "(dims)")
_statistics = patches.expect(cloudwatch, "_calc_stats", "(points)")
_statistic = patches.expect(cloudwatch, "_stat_value", "(stats, stat_name, points=None)")
_record_history = patches.expect(
    cloudwatch,
    "_record_history",
    "(alarm_name, old_state, new_state, reason, alarm_type='MetricAlarm', reason_data=None)",
)
_evaluate_parents = patches.expect(cloudwatch, "_evaluate_parent_alarms", "(child, seen=frozenset())")
_error = patches.expect(cloudwatch, "_error", "(code, message, status, use_json=False, use_cbor=False)")


def install(emulator: Emulator) -> None:
    """Evaluate all alarms again and again, and check those that are made."""
    patches.require(cloudwatch, "_alarms", "_metrics")
    patches.replace(cloudwatch, "_evaluate_alarm", "(alarm)", _evaluate)
    patches.replace(cloudwatch, "_put_metric_alarm", "(params, cbor_data, is_cbor, is_json=False)", _put)
    emulator.timetable.add(_next_period, lambda: None)
    emulator.timetable.watch(_evaluate_all)


def _evaluate_all() -> None:
    for (account, region, name), alarm in list(cloudwatch._alarms._data.items()):
        try:
            with request_scope(account, region):
                cloudwatch._evaluate_alarm(alarm)
        except Exception:
            _logger.exception("The alarm %s could not be evaluated.", name)


def _evaluate(_: Callable[..., None], alarm: Alarm) -> None:
    with _lock:
        query = Query.of(alarm)
        values = query.values(lambda metric: _values(metric, alarm))
        old, rule = State(alarm["StateValue"]), _rule(alarm)
        new = rule.decide(values, old)
        if new == old:
            return
        reason = reasons.reason(rule, values, new)
        now = clock.now()
        # Who sees the new state finds its message: told first, written then.
        cloudwatch._dispatch_alarm_actions(alarm, str(old), str(new), reason)  # looked up late: a hook replaces it
        data = reasons.data(query, rule, values, now)
        alarm |= {"StateReason": reason, "StateReasonData": json.dumps(data), "StateUpdatedTimestamp": now}
        alarm["StateValue"] = str(new)
        _record_history(alarm["AlarmName"], str(old), str(new), reason, reason_data=data)
        _evaluate_parents(alarm)


def _rule(alarm: Alarm) -> Rule:
    periods = int(alarm["EvaluationPeriods"])
    return Rule(
        comparison=alarm["ComparisonOperator"],
        threshold=float(alarm["Threshold"]),
        periods=periods,
        datapoints=int(alarm.get("DatapointsToAlarm") or periods),
        missing=alarm.get("TreatMissingData") or "missing",
    )


def _values(metric: Metric, alarm: Alarm) -> Series:
    """Return one value a period of the evaluation range; the running period counts as soon as it has data."""
    running, count = math.floor(clock.now() / metric.period), int(alarm["EvaluationPeriods"]) + EXTRA_PERIODS
    periods: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for point in _points(metric):
        periods[math.floor(point["Timestamp"] / metric.period)].append(point)
    last = running if any(period >= running for period in periods) else running - 1
    return tuple(_value(metric.statistic, periods[period]) for period in range(last - count + 1, last + 1))


def _points(metric: Metric) -> list[dict[str, Any]]:
    key = (metric.namespace, metric.name, _dimensions_key(metric.dimensions))
    points = list(cloudwatch._metrics.get(key) or [])
    return [point for point in points if metric.unit in (None, point["Unit"])]


def _value(statistic: str, points: list[dict[str, Any]]) -> float | None:
    return _statistic(_statistics(points), statistic, points) if points else None


def _next_period() -> float | None:
    """Return when the next period ends in which an alarm still sees data, for nothing else changes by itself."""
    ends = [_period_end(*entry) for entry in list(cloudwatch._alarms._data.items())]
    return min((end for end in ends if end is not None), default=None)


def _period_end(key: tuple[str, str, str], alarm: Alarm) -> float | None:
    account, region, _ = key
    with request_scope(account, region):
        query = Query.of(alarm)
        seen = any(value is not None for metric in query.metrics.values() for value in _values(metric, alarm))
    return (math.floor(clock.now() / query.period) + 1) * query.period if seen else None


def _put(original: Callable[..., Answer], params: Any, data: Alarm, is_cbor: bool, is_json: bool = False) -> Answer:  # noqa: FBT001, FBT002  # ministack's signature
    """Serve PutMetricAlarm, of which ministack leaves out metric math."""
    try:
        check(data)
    except InvalidAlarmError as error:
        answer: Answer = _error("ValidationError", str(error), 400, use_json=is_json, use_cbor=is_cbor)
        return answer
    if not data.get("Metrics"):
        return original(params, data, is_cbor, is_json)
    with _lock:
        placeholder = {"Namespace": "-", "MetricName": "-", "Period": Query.of(data).period}
        answer = original(params, {**data, **placeholder, "EvaluationPeriods": 1}, is_cbor, is_json)
        if answer[0] == _OK:
            with_math(cloudwatch._alarms[data["AlarmName"]], data)
        return answer


_OK = 200


def with_math(alarm: Alarm, properties: Alarm) -> Alarm:
    """Make an alarm one over metric math.

    :param properties: have Metrics, and what the alarm compares their result with.
    """
    for name in ("Namespace", "MetricName", "Statistic", "ExtendedStatistic", "Period", "Dimensions", "Unit"):
        alarm.pop(name, None)
    alarm["Metrics"] = properties["Metrics"]
    alarm["EvaluationPeriods"] = int(properties["EvaluationPeriods"])
    return alarm

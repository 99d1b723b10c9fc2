"""Metric alarms that evaluate periods, dimensions and missing data, and return to OK.

ministack evaluates an alarm only when somebody puts a metric, over all dimensions together and without a notion of
missing data, so that an alarm over Lambda's metrics never fires or never clears. AWS evaluates every minute; here it is
every second, so that nobody waits. Alarms over metric math are left alone: no template of ours has one.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from typing import TYPE_CHECKING, Any

from ministack.core.responses import request_scope
from ministack.services import cloudwatch

from localcloud.emulator import clock, patches
from localcloud.emulator.alarms.evaluation import EXTRA_PERIODS, Rule, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.emulator.emulator import Emulator

_logger = logging.getLogger("localcloud.alarms")
_lock = threading.Lock()

_dimensions_key = patches.expect(cloudwatch, "_dims_key", "(dims)")
_dimensions = patches.expect(cloudwatch, "_dims_from_list", "(dimensions)")
_statistics = patches.expect(cloudwatch, "_calc_stats", "(points)")
_statistic = patches.expect(cloudwatch, "_stat_value", "(stats, stat_name, points=None)")
_record_history = patches.expect(
    cloudwatch,
    "_record_history",
    "(alarm_name, old_state, new_state, reason, alarm_type='MetricAlarm', reason_data=None)",
)
_evaluate_parents = patches.expect(cloudwatch, "_evaluate_parent_alarms", "(child, seen=frozenset())")


def install(emulator: Emulator) -> None:
    """Evaluate all alarms again and again."""
    patches.require(cloudwatch, "_alarms", "_metrics")
    patches.replace(cloudwatch, "_evaluate_alarm", "(alarm)", _evaluate)
    seconds = emulator.settings.alarm_seconds
    threading.Thread(target=_evaluate_for_ever, args=(seconds,), name="alarms", daemon=True).start()


def _evaluate_for_ever(seconds: float) -> None:
    while True:
        time.sleep(seconds)
        for (account, region, name), alarm in list(cloudwatch._alarms._data.items()):
            try:
                with request_scope(account, region):
                    cloudwatch._evaluate_alarm(alarm)
            except Exception:
                _logger.exception("The alarm %s could not be evaluated.", name)


def _evaluate(_: Callable[..., None], alarm: dict[str, Any]) -> None:
    if not alarm.get("MetricName"):
        return
    with _lock:
        values = _values(alarm)
        old = State(alarm["StateValue"])
        new = _rule(alarm).decide(values, old)
        if new == old:
            return
        reason = f"Threshold {alarm['Threshold']:g}, data points of the last periods: {values}."
        alarm |= {"StateValue": str(new), "StateReason": reason, "StateUpdatedTimestamp": int(clock.now())}
    _record_history(alarm["AlarmName"], str(old), str(new), reason)
    cloudwatch._dispatch_alarm_actions(alarm, str(old), str(new), reason)  # looked up late: a hook wraps it
    _evaluate_parents(alarm)


def _rule(alarm: dict[str, Any]) -> Rule:
    periods = int(alarm["EvaluationPeriods"])
    return Rule(
        comparison=alarm["ComparisonOperator"],
        threshold=float(alarm["Threshold"]),
        periods=periods,
        datapoints=int(alarm.get("DatapointsToAlarm") or periods),
        missing=alarm.get("TreatMissingData") or "missing",
    )


def _values(alarm: dict[str, Any]) -> list[float | None]:
    """Return one value a period of the evaluation range; the running period counts as soon as it has data."""
    key = (alarm["Namespace"], alarm["MetricName"], _dimensions_key(_dimensions(alarm.get("Dimensions") or [])))
    points = list(cloudwatch._metrics.get(key) or [])
    period = int(alarm["Period"])
    end = math.floor(clock.now() / period) * period
    if any(point["Timestamp"] >= end for point in points):
        end += period
    count = int(alarm["EvaluationPeriods"]) + EXTRA_PERIODS
    starts = [end - period * (count - index) for index in range(count)]
    name = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
    return [
        _value(name, [point for point in points if start <= point["Timestamp"] < start + period]) for start in starts
    ]


def _value(statistic: str, points: list[dict[str, Any]]) -> float | None:
    return _statistic(_statistics(points), statistic, points) if points else None

"""What CloudWatch refuses of an alarm, and what this emulator does.

Source: the API reference of PutMetricAlarm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.emulator.alarms.errors import InvalidAlarmError
from localcloud.emulator.alarms.evaluation import COMPARISONS
from localcloud.emulator.alarms.query import Query

if TYPE_CHECKING:
    from collections.abc import Mapping

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_SHORT_PERIODS = (10, 20, 30)
_TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
_METRICS = 10


def check(alarm: Mapping[str, Any]) -> None:
    """Refuse an alarm as PutMetricAlarm does.

    :raises InvalidAlarmError: the message says why.
    """
    _check_comparison(alarm)
    if alarm.get("Metrics") and alarm.get("MetricName"):
        raise InvalidAlarmError("An alarm has either Metrics or MetricName.")
    if not alarm.get("Metrics") and not (alarm.get("MetricName") and alarm.get("Namespace") and alarm.get("Period")):
        raise InvalidAlarmError("An alarm without Metrics needs MetricName, Namespace and Period.")
    if alarm.get("Statistic") and alarm.get("ExtendedStatistic"):
        raise InvalidAlarmError("An alarm has either Statistic or ExtendedStatistic.")
    query = Query.of(alarm)
    if len(query.metrics) > _METRICS:
        raise InvalidAlarmError(f"An alarm looks at no more than {_METRICS} metrics, not at {len(query.metrics)}.")
    _check_range(alarm, query.period)


def _check_comparison(alarm: Mapping[str, Any]) -> None:
    comparison = alarm.get("ComparisonOperator")
    if comparison not in COMPARISONS or alarm.get("ThresholdMetricId"):
        raise InvalidAlarmError(
            f"The local cloud plays no anomaly detection: {comparison!r} is none of {sorted(COMPARISONS)}."
        )
    if alarm.get("Threshold") is None:
        raise InvalidAlarmError("The alarm has no Threshold.")
    treatment = alarm.get("TreatMissingData") or "missing"
    if treatment not in _TREATMENTS:
        raise InvalidAlarmError(f"TreatMissingData {treatment!r} is none of {_TREATMENTS}.")


def _check_range(alarm: Mapping[str, Any], period: int) -> None:
    periods = int(alarm["EvaluationPeriods"])
    datapoints = int(alarm.get("DatapointsToAlarm") or periods)
    if period not in _SHORT_PERIODS and (period < _MINUTE or period % _MINUTE):
        raise InvalidAlarmError(f"A period is 10, 20, 30 or a multiple of 60 seconds, not {period}.")
    if not 1 <= datapoints <= periods:
        raise InvalidAlarmError(
            f"DatapointsToAlarm lies between 1 and the {periods} EvaluationPeriods, not {datapoints}."
        )
    longest = 7 * _DAY if period >= _HOUR else _DAY
    if period * periods > longest:
        raise InvalidAlarmError(
            f"EvaluationPeriods times Period is {period * periods} seconds, and {longest} are allowed for this period."
        )

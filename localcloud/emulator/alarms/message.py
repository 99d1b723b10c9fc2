"""What CloudWatch publishes to a topic when an alarm changes its state.

Source: the example messages of "Using Amazon CloudWatch alarms" and of the composite alarms in the CloudWatch User
Guide; times there have milliseconds and the offset `+0000`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_LISTS = ("OKActions", "AlarmActions", "InsufficientDataActions")


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change of state.

    :param region_name: as people call it, such as `US East (N. Virginia)`.
    :param timestamp: seconds since the epoch.
    :param children: of a composite alarm, the alarms that caused the change.
    """

    alarm: dict[str, Any]
    old: str
    new: str
    reason: str
    account: str
    region_name: str
    timestamp: float
    children: tuple[dict[str, Any], ...] = ()

    @property
    def subject(self) -> str:
        """The subject of the notification."""
        return f'{self.new}: "{self.alarm["AlarmName"]}" in {self.region_name}'[:100]

    @property
    def message(self) -> str:
        """The message, which is JSON."""
        alarm = self.alarm
        common = {
            "AlarmName": alarm["AlarmName"],
            "AlarmDescription": alarm.get("AlarmDescription") or None,
            "AWSAccountId": self.account,
            "AlarmConfigurationUpdatedTimestamp": _time(alarm["AlarmConfigurationUpdatedTimestamp"]),
            "NewStateValue": self.new,
            "NewStateReason": self.reason,
            "StateChangeTime": _time(self.timestamp),
            "Region": self.region_name,
            "AlarmArn": alarm["AlarmArn"],
            "OldStateValue": self.old,
            **{name: alarm.get(name) or [] for name in _LISTS},
        }
        return json.dumps(common | (self._composite() if "AlarmRule" in alarm else {"Trigger": self._trigger()}))

    def _composite(self) -> dict[str, Any]:
        children = [
            {
                "Arn": child["AlarmArn"],
                "State": {"Value": child["StateValue"], "Timestamp": _time(child["StateUpdatedTimestamp"])},
            }
            for child in self.children
        ]
        return {"AlarmRule": self.alarm["AlarmRule"], "TriggeringChildren": children}

    def _trigger(self) -> dict[str, Any]:
        alarm = self.alarm
        evaluation = {
            "Period": alarm.get("Period"),
            "EvaluationPeriods": alarm["EvaluationPeriods"],
            **({"DatapointsToAlarm": alarm["DatapointsToAlarm"]} if alarm.get("DatapointsToAlarm") else {}),
            "ComparisonOperator": alarm["ComparisonOperator"],
            "Threshold": alarm["Threshold"],
            "TreatMissingData": alarm.get("TreatMissingData") or "missing",
            "EvaluateLowSampleCountPercentile": alarm.get("EvaluateLowSampleCountPercentile") or "",
        }
        return (_math(alarm["Metrics"]) if alarm.get("Metrics") else _single(alarm)) | evaluation


def _single(alarm: dict[str, Any]) -> dict[str, Any]:
    extended = alarm.get("ExtendedStatistic")
    statistic = (
        {"StatisticType": "ExtendedStatistic", "ExtendedStatistic": extended}
        if extended
        else {"StatisticType": "Statistic", "Statistic": _spelled(alarm.get("Statistic") or "Average")}
    )
    return {
        "MetricName": alarm["MetricName"],
        "Namespace": alarm["Namespace"],
        **statistic,
        "Unit": alarm.get("Unit"),
        "Dimensions": _dimensions(alarm.get("Dimensions")),
    }


def _spelled(statistic: str) -> str:
    """Return a statistic as messages spell it: SUM, AVERAGE, SAMPLE_COUNT."""
    return "SAMPLE_COUNT" if statistic == "SampleCount" else statistic.upper()


def _math(queries: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Metrics": [{**query, **_stat(query)} for query in queries]}


def _stat(query: dict[str, Any]) -> dict[str, Any]:
    if not query.get("MetricStat"):
        return {}
    metric = query["MetricStat"]["Metric"]
    dimensions = {"Dimensions": _dimensions(metric.get("Dimensions"))}
    return {"MetricStat": {**query["MetricStat"], "Metric": {**metric, **dimensions}}}


def _dimensions(listed: Any) -> list[dict[str, str]]:
    return [{"value": each["Value"], "name": each["Name"]} for each in listed or []]


def _time(timestamp: float) -> str:
    moment = datetime.fromtimestamp(timestamp, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}+0000"

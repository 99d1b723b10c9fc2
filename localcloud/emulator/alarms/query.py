"""What an alarm looks at: one metric, or a metric math expression over several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from localcloud.emulator.alarms import metric_math
from localcloud.emulator.alarms.errors import InvalidAlarmError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from localcloud.emulator.alarms.values import Series

_RESULT = "result"
_DEFAULT_PERIOD = 60


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric and how its data points become one value a period.

    :param period: seconds.
    :param unit: the only unit that counts; None for any.
    """

    namespace: str
    name: str
    dimensions: dict[str, str]
    period: int
    statistic: str
    unit: str | None

    @classmethod
    def of_alarm(cls, alarm: Mapping[str, Any]) -> Self:
        """Return the only metric of an alarm without metric math."""
        return cls(
            namespace=alarm["Namespace"],
            name=alarm["MetricName"],
            dimensions=_dimensions(alarm.get("Dimensions")),
            period=int(alarm["Period"]),
            statistic=alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average",
            unit=alarm.get("Unit") or None,
        )

    @classmethod
    def of_query(cls, query: Mapping[str, Any]) -> Self:
        """Return the metric of a MetricStat."""
        metric = query["Metric"]
        return cls(
            namespace=metric["Namespace"],
            name=metric["MetricName"],
            dimensions=_dimensions(metric.get("Dimensions")),
            period=int(query["Period"]),
            statistic=query["Stat"],
            unit=query.get("Unit") or None,
        )


@dataclass(frozen=True, kw_only=True)
class Query:
    """Metrics and expressions by id, and whose values the alarm compares."""

    metrics: dict[str, Metric]
    expressions: dict[str, str]
    result: str
    period: int

    @classmethod
    def of(cls, alarm: Mapping[str, Any]) -> Self:
        """Read an alarm.

        :raises InvalidAlarmError: CloudWatch or this emulator refuses what it looks at.
        """
        queries = alarm.get("Metrics")
        if not queries:
            metric = Metric.of_alarm(alarm)
            return cls(metrics={_RESULT: metric}, expressions={}, result=_RESULT, period=metric.period)
        returned = [query["Id"] for query in queries if query.get("ReturnData", True)]
        if len(returned) != 1:
            raise InvalidAlarmError(f"Exactly one of the alarm's metrics returns data, not {returned}.")
        metrics = {query["Id"]: Metric.of_query(query["MetricStat"]) for query in queries if query.get("MetricStat")}
        expressions = {query["Id"]: query["Expression"] for query in queries if query.get("Expression")}
        periods = {metric.period for metric in metrics.values()}
        if len(periods) > 1:
            raise InvalidAlarmError(f"The metrics of an alarm have one period, not {sorted(periods)}.")
        period = next(iter(periods), _DEFAULT_PERIOD)
        query = cls(metrics=metrics, expressions=expressions, result=returned[0], period=period)
        query.values(lambda _: (1.0,))  # an expression that cannot be computed is found now
        return query

    def values(self, read: Callable[[Metric], Series]) -> Series:
        """Return the values that the alarm compares.

        :param read: returns those of a metric.
        :raises InvalidAlarmError: an expression cannot be computed, or is no time series in the end.
        """
        series = {name: read(metric) for name, metric in self.metrics.items()}
        waiting = dict(self.expressions)
        while self.result not in series:
            ready = [name for name, text in waiting.items() if not metric_math.names(text) & set(waiting)]
            if not ready:
                raise InvalidAlarmError(f"The expressions {sorted(waiting)} of the alarm depend on each other.")
            for name in ready:
                value = metric_math.evaluate(waiting.pop(name), series, list(self.metrics), self.period)
                if not isinstance(value, tuple):
                    raise InvalidAlarmError(
                        f"The expression {self.expressions[name]!r} must return a single time series: it does not."
                    )
                series[name] = value
        return series[self.result]


def _dimensions(listed: Any) -> dict[str, str]:
    return {each["Name"]: each["Value"] for each in listed or []}

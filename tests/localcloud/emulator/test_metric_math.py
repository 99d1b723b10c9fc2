"""Metric math, by the examples of "Using math expressions with CloudWatch metrics"."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.emulator.alarms.errors import InvalidAlarmError
from localcloud.emulator.alarms.metric_math import evaluate
from localcloud.emulator.alarms.query import Query

SERIES: dict[str, tuple[float | None, ...]] = {
    "m1": (1.0, None, 4.0),
    "m2": (2.0, 5.0, 0.0),
    "errors1": (None, None, 3.0),
}

CASES: list[Any] = [
    ("m1 + m2", (3, None, 4)),
    ("m1 / m2", (0.5, None, None)),
    ("-m2", (-2, -5, 0)),
    ("100 * (m2 - 1)", (100, 400, -100)),
    ("m2 ^ 2", (4, 25, 0)),
    ("m2 > 1", (1, 1, 0)),
    ("m1 > 0 AND m2 > 0", (1, None, 0)),
    ("m2 > 4 || m2 == 0", (0, 1, 1)),
    ("FILL(m1, 0)", (1, 0, 4)),
    ("FILL(m1, REPEAT)", (1, 1, 4)),
    ("FILL(m1, m2)", (1, 5, 4)),
    ("m1 * 0", (0, None, 0)),
    ("IF(m2 > 1, m2, 0)", (2, 5, 0)),
    ("IF(m2 > 1, m2)", (2, 5, None)),
    ("IF(FILL(m1, 0) == 0, 1, 0)", (0, 1, 0)),
    ("SUM(METRICS())", (3, 5, 7)),
    ('SUM(METRICS("m"))', (3, 5, 4)),
    ("MAX([m1, m2])", (2, 5, 4)),
    ("MIN([m1, m2])", (1, 5, 0)),
    ("AVG([m1, m2])", (1.5, 5, 2)),
    ("SUM(FILL(METRICS(), 1))", (4, 7, 7)),
    ("m2 - MAX(m2)", (-3, 0, -5)),
    ("m2 / PERIOD(m2)", (2 / 60, 5 / 60, 0)),
    ("DIFF(m1)", (None, None, 3)),
    ("RUNNING_SUM(m2)", (2, 7, 7)),
    ("TIME_SERIES(SUM(m2))", (7, 7, 7)),
    ("m1 * METRIC_COUNT(METRICS())", (3, None, 12)),
]


@pytest.mark.parametrize(("expression", "expected"), CASES)
def test_an_expression_has_its_documented_value(expression: str, expected: tuple[float | None, ...]) -> None:
    """Over three periods, in one of which the first metric has no data."""
    assert evaluate(expression, SERIES, list(SERIES), 60) == expected


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("ANOMALY_DETECTION_BAND(m1, 2)", "does not play ANOMALY_DETECTION_BAND"),
        ("SEARCH('{AWS/Lambda} Errors', 'Sum', 60)", "does not play SEARCH"),
        ("m3 + 1", "m3, which is no id"),
        ("m1 +", "cannot be read"),
        ("m1[0]", "does not play"),
        ("SUM(1)", "arguments it does not take"),
    ],
)
def test_what_is_not_played_is_refused_by_name(expression: str, reason: str) -> None:
    """Nothing is quietly taken for something else."""
    with pytest.raises(InvalidAlarmError, match=reason):
        evaluate(expression, SERIES, list(SERIES), 60)


def stat(name: str, period: int = 60, **rest: Any) -> dict[str, Any]:
    """Return a metric of an alarm over metric math."""
    metric = {"Namespace": "Test", "MetricName": name}
    return {"Id": name, "MetricStat": {"Metric": metric, "Period": period, "Stat": "Sum"}, "ReturnData": False, **rest}


def math(name: str, expression: str, **rest: Any) -> dict[str, Any]:
    """Return an expression of an alarm over metric math."""
    return {"Id": name, "Expression": expression, **rest}


def test_expressions_may_use_each_other() -> None:
    """In whichever order they are written."""
    metrics = [math("e1", "e2 * 2"), math("e2", "m1 + m2", ReturnData=False), stat("m1"), stat("m2")]
    assert Query.of({"Metrics": metrics}).values(lambda metric: SERIES[metric.name]) == (6, None, 8)


@pytest.mark.parametrize(
    ("metrics", "reason"),
    [
        ([math("e1", "m1"), math("e2", "m1"), stat("m1")], "Exactly one"),
        ([math("e1", "SUM(m1)"), stat("m1")], "single time series"),
        ([math("e1", "e2"), math("e2", "e1", ReturnData=False)], "depend on each other"),
        ([math("e1", "m1 + m2"), stat("m1"), stat("m2", 300)], "one period"),
    ],
    ids=["two results", "a number", "a circle", "two periods"],
)
def test_a_query_that_cloudwatch_refuses_is_refused(metrics: list[dict[str, Any]], reason: str) -> None:
    """When the alarm is made, not when it is evaluated."""
    with pytest.raises(InvalidAlarmError, match=reason):
        Query.of({"Metrics": metrics})

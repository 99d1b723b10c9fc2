"""Which alarms status shows beside a credential."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from rotating_rds_ops import alarms
from tests.support.operated import MASTER

FUNCTION = "orders-rotation"
CREDENTIAL = replace(MASTER, function=f"arn:aws:lambda:eu-west-1:111111111111:function:{FUNCTION}")
OF_THE_DATABASE = {"MetricName": "LoginFailures", "Dimensions": [{"Name": "Database", "Value": "orders"}]}


def on(alarm: dict[str, Any]) -> list[str]:
    """Return what is shown when CloudWatch describes an alarm so."""
    pages = [{"MetricAlarms": [{"AlarmName": "it", "Namespace": "RotatingRDS", "Dimensions": [], **alarm}]}]
    paginator = SimpleNamespace(paginate=lambda **_: pages)
    aws: Any = SimpleNamespace(alarms=SimpleNamespace(get_paginator=lambda _: paginator))
    return alarms.on(aws).about(CREDENTIAL)


@pytest.mark.parametrize(
    "alarm",
    [
        OF_THE_DATABASE,
        {"MetricName": "UndeclaredReadsOfCopies-orders"},
        {
            "Namespace": "AWS/Lambda",
            "MetricName": "Errors",
            "Dimensions": [{"Name": "FunctionName", "Value": FUNCTION}],
        },
        {
            "Namespace": None,
            "Metrics": [
                {"Id": "all", "Expression": "FILL(m, 0)"},
                {"Id": "m", "MetricStat": {"Metric": {"Namespace": "RotatingRDS", **OF_THE_DATABASE}}},
            ],
        },
    ],
    ids=["by dimension", "by the metric's name", "of the function", "in an expression"],
)
def test_an_alarm_about_a_credential_is_shown(alarm: dict[str, Any]) -> None:
    """However CloudWatch knows what it is about."""
    assert on(alarm) == ["it"]


@pytest.mark.parametrize(
    "alarm",
    [
        {"MetricName": "LoginFailures", "Dimensions": [{"Name": "Database", "Value": "orders-2"}]},
        {"MetricName": "UndeclaredReadsOfCopies-orders-2"},
        {**OF_THE_DATABASE, "Namespace": "AWS/RDS"},
        {"MetricName": "LoginFailures"},
    ],
)
def test_an_alarm_about_something_else_is_not(alarm: dict[str, Any]) -> None:
    """Another database's, or another product's."""
    assert on(alarm) == []

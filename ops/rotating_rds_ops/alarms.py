"""Which alarms about a database are on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rotating_rds_ops.aws import Aws

_NAMESPACE = "RotatingRDS"


def on_by_database(aws: Aws) -> dict[str, list[str]]:
    """Return the names of alarms in the state ALARM, by the database that their metrics name."""
    found: dict[str, list[str]] = {}
    for page in aws.alarms.get_paginator("describe_alarms").paginate(StateValue="ALARM"):
        for alarm in page["MetricAlarms"]:
            if alarm.get("Namespace") != _NAMESPACE:
                continue
            for dimension in alarm["Dimensions"]:
                found.setdefault(dimension["Value"], []).append(alarm["AlarmName"])
    return found

"""Metrics out of log lines: embedded ones, and those of metric filters."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from localcloud.emulator.logs.embedded_metrics import Datum, read
from tests.support import emulated
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from localcloud.cloud import LocalCloud

# The example of the specification.
SPECIFICATION: dict[str, Any] = {
    "_aws": {
        "Timestamp": 1574109732004,
        "CloudWatchMetrics": [
            {
                "Namespace": "lambda-function-metrics",
                "Dimensions": [["functionVersion"]],
                "Metrics": [{"Name": "time", "Unit": "Milliseconds", "StorageResolution": 60}],
            }
        ],
    },
    "functionVersion": "$LATEST",
    "time": 100,
    "requestId": "989ffbf8-9ace-4817-a57c-e4dd734019ee",
}


def test_an_embedded_metric_has_the_lines_time_dimensions_and_unit() -> None:
    """The example of the specification."""
    expected = Datum(
        "lambda-function-metrics", "time", 100, "Milliseconds", {"functionVersion": "$LATEST"}, 1574109732.004
    )
    assert read(json.dumps(SPECIFICATION)) == [expected]


def test_every_set_of_dimensions_and_every_value_counts() -> None:
    """Two sets and a list of two values are four data points; a set may be empty."""
    document = json.loads(json.dumps(SPECIFICATION))
    document["_aws"]["CloudWatchMetrics"][0]["Dimensions"].append([])
    found = read(json.dumps({**document, "time": [1, 2]}))
    assert [(datum.value, datum.dimensions) for datum in found] == [
        (1, {"functionVersion": "$LATEST"}),
        (2, {"functionVersion": "$LATEST"}),
        (1, {}),
        (2, {}),
    ]


@pytest.mark.parametrize(
    "change",
    [{"time": "100"}, {"time": True}, {"functionVersion": 1}, {"time": [0] * 101}, {"_aws": {"Timestamp": 1}}],
    ids=["text value", "truth value", "number as dimension", "too many values", "no directive"],
)
def test_a_line_that_breaks_the_specification_is_just_a_line(change: dict[str, Any]) -> None:
    """No part of it becomes a metric."""
    assert read(json.dumps(SPECIFICATION | change)) == []
    assert read("not JSON, though it has _aws in it") == []


def statistics(cloud: LocalCloud, namespace: str, name: str, **dimensions: str) -> list[tuple[float, float, str]]:
    """Return count, sum and unit of every minute that has data."""
    now = datetime.now(UTC)
    points = cloud.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=3600 * 24,
        Statistics=["SampleCount", "Sum"],
    )["Datapoints"]
    return [(point["SampleCount"], point["Sum"], point["Unit"]) for point in points]


def test_a_functions_embedded_metric_reaches_cloudwatch(cloud: LocalCloud) -> None:
    """What a function prints is a metric of its dimensions, and of no others."""
    namespace = emulated.unique("space")
    source = f"""
        import json, time

        def handler(event, context):
            metric = {{"Name": "Duration", "Unit": "Seconds"}}
            directive = {{"Namespace": "{namespace}", "Dimensions": [["Database"]], "Metrics": [metric]}}
            about = {{"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}}
            print(json.dumps({{"_aws": about, "Database": event, "Duration": 1.5}}))
    """
    function = emulated.create_function(cloud, source)
    for database in ("orders", "orders", "other"):
        emulated.invoke(cloud, function, database)
    assert eventually(lambda: statistics(cloud, namespace, "Duration", Database="other") == [(1, 1.5, "Seconds")])
    assert statistics(cloud, namespace, "Duration", Database="orders") == [(2, 3, "Seconds")]
    assert statistics(cloud, namespace, "Duration") == []


def filter_on(group: str, pattern: str, **transformation: Any) -> dict[str, Any]:
    """Return the resources of a log group with a metric filter."""
    defaults = {"MetricNamespace": group, "MetricName": "Denied", "MetricValue": "1"}
    properties = {
        "LogGroupName": {"Ref": "Group"},
        "FilterPattern": pattern,
        "MetricTransformations": [defaults | transformation],
    }
    return {
        "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": group}},
        "Filter": {"Type": "AWS::Logs::MetricFilter", "Properties": properties},
    }


def write(cloud: LocalCloud, group: str, *documents: dict[str, Any]) -> None:
    """Write lines into a group, each document one."""
    logs, stream = cloud.client("logs"), emulated.unique("stream")
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    stamp = int(time.time() * 1000)
    events = [{"timestamp": stamp, "message": json.dumps(document)} for document in documents]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


DENIED = '{ ($.eventSource = "secretsmanager.amazonaws.com") && ($.errorCode = "AccessDenied*") }'
READ = {"eventSource": "secretsmanager.amazonaws.com"}


def test_a_metric_filter_counts_the_lines_that_match(cloud: LocalCloud, stack: str) -> None:
    """Deployed, it counts; changed, it counts by the new pattern; the default value is that of a minute of others."""
    assert emulated.deploy(cloud, stack, filter_on(stack, DENIED, DefaultValue=0, Unit="Count")) == "CREATE_COMPLETE"
    write(cloud, stack, READ, READ, READ | {"errorCode": "AccessDeniedException"}, READ | {"errorCode": "Other"})
    ((count, total, unit),) = statistics(cloud, stack, "Denied")
    assert (total, unit) == (1, "Count")
    assert count in (2, 3)  # one match, and one default value a minute, of which there may be two
    changed = filter_on(stack, "{ $.errorCode = Other }", MetricName="Others")
    assert emulated.deploy(cloud, stack, changed) == "UPDATE_COMPLETE"
    write(cloud, stack, READ | {"errorCode": "Other"}, READ | {"errorCode": "AccessDenied"})
    assert statistics(cloud, stack, "Others") == [(1, 1, "None")]
    assert emulated.destroy(cloud, stack) == "DELETE_COMPLETE"
    filters = cloud.client("logs").describe_metric_filters(metricName="Others", metricNamespace=stack)
    assert filters["metricFilters"] == []


def test_a_metric_filter_takes_value_and_dimensions_from_the_line(cloud: LocalCloud, stack: str) -> None:
    """A line that lacks one of the dimensions gives no data point."""
    dimensions = [{"Key": "Secret", "Value": "$.requestParameters.secretId"}]
    resources = filter_on(stack, "{ $.latency > 0 }", MetricValue="$.latency", Dimensions=dimensions)
    assert emulated.deploy(cloud, stack, resources) == "CREATE_COMPLETE"
    write(cloud, stack, {"latency": 2.5, "requestParameters": {"secretId": "s"}}, {"latency": 9})
    assert statistics(cloud, stack, "Denied", Secret="s") == [(1, 2.5, "None")]


@pytest.mark.parametrize(
    ("pattern", "transformation"),
    [
        ("{ $.a = ", {}),
        ("{ $.a = 1 }", {"MetricValue": "one"}),
        ("{ $.a = 1 }", {"DefaultValue": 0, "Dimensions": [{"Key": "A", "Value": "$.a"}]}),
    ],
    ids=["pattern", "value", "default value beside dimensions"],
)
def test_a_metric_filter_that_aws_refuses_fails_the_deployment(
    cloud: LocalCloud, stack: str, pattern: str, transformation: dict[str, Any]
) -> None:
    """The stack rolls back."""
    assert emulated.deploy(cloud, stack, filter_on(stack, pattern, **transformation)) == "ROLLBACK_COMPLETE"


def test_log_events_are_filtered_by_the_same_patterns(cloud: LocalCloud, stack: str) -> None:
    """FilterLogEvents finds what a metric filter counts."""
    assert emulated.deploy(cloud, stack, filter_on(stack, DENIED)) == "CREATE_COMPLETE"
    write(cloud, stack, READ, READ | {"errorCode": "AccessDenied"})
    found = cloud.client("logs").filter_log_events(logGroupName=stack, filterPattern=DENIED)["events"]
    assert [json.loads(event["message"])["errorCode"] for event in found] == ["AccessDenied"]

"""Alarms over metric math, composite alarms and dashboards: deployed, raised by causes, told, and cleared."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from localcloud.cloud import LocalCloud
from tests.support import emulated
from tests.support.queues import Queue

if TYPE_CHECKING:
    from collections.abc import Iterator

FAILING = "def handler(event, context): raise RuntimeError"


@pytest.fixture(scope="module")
def movable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """Run a local cloud whose clock these tests may move."""
    with LocalCloud.start(tmp_path_factory.mktemp("alarms") / "cloud") as running:
        yield running


@pytest.fixture
def topic(movable: LocalCloud) -> str:
    """Create a topic, which its own account's alarms may publish to."""
    return str(movable.client("sns").create_topic(Name=emulated.unique("topic"))["TopicArn"])


def lambda_metric(identity: str, function: str, name: str) -> dict[str, Any]:
    """Return one of Lambda's metrics for an expression."""
    dimensions = [{"Name": "FunctionName", "Value": function.rsplit(":", 1)[-1]}]
    metric = {"Namespace": "AWS/Lambda", "MetricName": name, "Dimensions": dimensions}
    return {"Id": identity, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": False}


def alarm_over(function: str, **properties: Any) -> dict[str, Any]:
    """Return an alarm over errors and throttles of a function, by metric math."""
    defaults = {
        "AlarmDescription": "The function fails.",
        "Metrics": [
            {"Id": "e1", "Expression": "FILL(errors, 0) + FILL(throttles, 0)", "Label": "Failures"},
            lambda_metric("errors", function, "Errors"),
            lambda_metric("throttles", function, "Throttles"),
        ],
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
    }
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": defaults | properties}


def composite(rule: str, topic: str, **properties: Any) -> dict[str, Any]:
    """Return a composite alarm that tells a topic of its states."""
    actions = {name: [topic] for name in ("AlarmActions", "OKActions")}
    names = {"Fn::Sub": rule}
    return {"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": {"AlarmRule": names, **actions, **properties}}


def states(cloud: LocalCloud, stack: str) -> dict[str, str]:
    """Return the state of each alarm that a stack names in its outputs."""
    names = {name: key for key, name in emulated.outputs(cloud, stack).items()}
    types = ["MetricAlarm", "CompositeAlarm"]
    answer = cloud.client("cloudwatch").describe_alarms(AlarmNames=list(names), AlarmTypes=types)
    return {names[a["AlarmName"]]: a["StateValue"] for a in [*answer["MetricAlarms"], *answer["CompositeAlarms"]]}


def deploy(cloud: LocalCloud, stack: str, resources: dict[str, Any]) -> None:
    """Deploy alarms whose names are the stack's outputs, and have them evaluated."""
    status = emulated.deploy(cloud, stack, resources, {name: {"Ref": name} for name in resources})
    assert status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), emulated.failure_reasons(cloud, stack)
    cloud.advance_clock(0)


def test_an_alarm_over_metric_math_goes_and_returns(movable: LocalCloud, topic: str) -> None:
    """The message has AWS's members; the alarm describes its metrics."""
    function, stack = emulated.create_function(movable, FAILING), emulated.unique("stack")
    deploy(movable, stack, {"Alarm": alarm_over(function, AlarmActions=[topic], OKActions=[topic])})
    assert states(movable, stack) == {"Alarm": "OK"}
    queue = Queue.behind(movable, topic)
    emulated.invoke(movable, function)
    movable.advance_clock(0)
    assert states(movable, stack) == {"Alarm": "ALARM"}
    (message,) = queue.notifications()
    name = emulated.outputs(movable, stack)["Alarm"]
    arn = f"arn:aws:cloudwatch:us-east-1:000000000000:alarm:{name}"
    expected = {
        "AlarmName": name,
        "AlarmArn": arn,
        "AlarmDescription": "The function fails.",
        "AWSAccountId": "000000000000",
        "Region": "US East (N. Virginia)",
        "OldStateValue": "OK",
        "NewStateValue": "ALARM",
        "AlarmActions": [topic],
        "OKActions": [topic],
        "InsufficientDataActions": [],
    }
    assert expected.items() <= message.items()
    assert message["NewStateReason"].startswith("Threshold Crossed: 1 out of the last 1 datapoint [1.0] was greater")
    trigger = message["Trigger"]
    assert [metric["Id"] for metric in trigger["Metrics"]] == ["e1", "errors", "throttles"]
    dimensions = [{"value": function.rsplit(":", 1)[-1], "name": "FunctionName"}]
    assert trigger["Metrics"][1]["MetricStat"]["Metric"]["Dimensions"] == dimensions
    movable.advance_clock(180)
    assert states(movable, stack) == {"Alarm": "OK"}
    assert [message["NewStateValue"] for message in queue.notifications()] == ["OK"]
    described = movable.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
    assert [metric["Id"] for metric in described["Metrics"]] == ["e1", "errors", "throttles"]
    assert emulated.destroy(movable, stack) == "DELETE_COMPLETE"


def test_an_alarm_of_the_api_counts_its_unit_and_tells_when_it_knows_nothing(movable: LocalCloud, topic: str) -> None:
    """By a percentile of one unit; when data ends, the actions for insufficient data are performed."""
    cloudwatch, name, queue = movable.client("cloudwatch"), emulated.unique("alarm"), Queue.behind(movable, topic)
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace=name,
        MetricName="Duration",
        Unit="Seconds",
        ExtendedStatistic="p50",
        Period=60,
        EvaluationPeriods=1,
        Threshold=2,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic],
        InsufficientDataActions=[topic],
    )
    for unit, values in (("Milliseconds", [5, 5, 5]), ("Seconds", [1, 3, 9])):
        data = {"MetricName": "Duration", "Unit": unit, "Values": values}
        cloudwatch.put_metric_data(Namespace=name, MetricData=[data])
        movable.advance_clock(0)
    (message,) = queue.notifications()
    assert (message["OldStateValue"], message["NewStateValue"]) == ("INSUFFICIENT_DATA", "ALARM")
    assert "[3.0] was greater than the threshold (2.0)" in message["NewStateReason"]
    assert (message["Trigger"]["ExtendedStatistic"], message["Trigger"]["Unit"]) == ("p50", "Seconds")
    movable.advance_clock(600)
    assert [message["NewStateValue"] for message in queue.notifications()] == ["INSUFFICIENT_DATA"]


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"Metrics": [{"Id": "e1", "Expression": "ANOMALY_DETECTION_BAND(e2)"}]}, "ANOMALY_DETECTION_BAND"),
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "no anomaly detection"),
        ({"DatapointsToAlarm": 2}, "DatapointsToAlarm lies between"),
        ({"EvaluationPeriods": 1441}, "86400 are allowed"),
        ({"TreatMissingData": "zero"}, "is none of"),
    ],
    ids=["band", "comparison", "data points", "range", "missing data"],
)
def test_an_alarm_that_cannot_be_played_fails_the_deployment(
    movable: LocalCloud, properties: dict[str, Any], reason: str
) -> None:
    """The stack's events say why."""
    stack = emulated.unique("stack")
    assert emulated.deploy(movable, stack, {"Alarm": alarm_over("f", **properties)}) == "ROLLBACK_COMPLETE"
    assert reason in emulated.failure_reasons(movable, stack)


def test_a_composite_alarm_follows_its_children(movable: LocalCloud, topic: str) -> None:
    """AND, OR and NOT over three children; changed, it follows the new rule; deleted, it is gone."""
    first, second = (emulated.create_function(movable, FAILING) for _ in range(2))
    stack, queue = emulated.unique("stack"), Queue.behind(movable, topic)
    resources = {
        "First": alarm_over(first),
        "Second": alarm_over(second),
        "Both": composite('ALARM("${First}") AND (ALARM("${Second}") OR INSUFFICIENT_DATA("${Second}"))', topic),
        "One": composite('ALARM("${First.Arn}") AND NOT ALARM("${Second.Arn}")', topic, ActionsEnabled=False),
    }
    deploy(movable, stack, resources)
    assert states(movable, stack) == {"First": "OK", "Second": "OK", "Both": "OK", "One": "OK"}
    queue.receive()
    emulated.invoke(movable, first)
    movable.advance_clock(0)
    assert states(movable, stack) == {"First": "ALARM", "Second": "OK", "Both": "OK", "One": "ALARM"}
    assert queue.receive() == []
    emulated.invoke(movable, second)
    movable.advance_clock(0)
    assert states(movable, stack) == {"First": "ALARM", "Second": "ALARM", "Both": "ALARM", "One": "OK"}
    (message,) = queue.notifications()
    assert (message["OldStateValue"], message["NewStateValue"]) == ("OK", "ALARM")
    assert message["AlarmRule"].startswith('ALARM("')
    assert {child["State"]["Value"] for child in message["TriggeringChildren"]} == {"ALARM"}
    resources["Both"] = composite('NOT OK("${First}") AND FALSE', topic)
    deploy(movable, stack, resources)
    assert states(movable, stack)["Both"] == "OK"
    name = emulated.outputs(movable, stack)["Both"]
    assert emulated.destroy(movable, stack) == "DELETE_COMPLETE"
    found = movable.client("cloudwatch").describe_alarms(AlarmNames=[name], AlarmTypes=["CompositeAlarm"])
    assert found["CompositeAlarms"] == []


def test_a_composite_alarm_of_an_alarm_that_is_missing_fails_the_deployment(movable: LocalCloud, topic: str) -> None:
    """CloudWatch saves no rule over alarms that do not exist."""
    stack = emulated.unique("stack")
    assert emulated.deploy(movable, stack, {"Alarm": composite("ALARM(missing)", topic)}) == "ROLLBACK_COMPLETE"
    assert "do not exist" in emulated.failure_reasons(movable, stack)


def test_a_suppressor_holds_the_actions_of_a_composite_alarm_back(movable: LocalCloud, topic: str) -> None:
    """The state changes, nobody is told; when the suppressor's time is over, the topic is told once."""
    watched, quiet = (emulated.create_function(movable, FAILING) for _ in range(2))
    stack = emulated.unique("stack")
    resources = {
        "Watched": alarm_over(watched, TreatMissingData="ignore", Metrics=[lambda_metric("m", watched, "Errors")]),
        "Suppressor": alarm_over(quiet),
        "Paged": composite(
            'ALARM("${Watched}")',
            topic,
            ActionsSuppressor={"Ref": "Suppressor"},
            ActionsSuppressorWaitPeriod=60,
            ActionsSuppressorExtensionPeriod=120,
        ),
    }
    del resources["Watched"]["Properties"]["Metrics"][0]["ReturnData"]
    deploy(movable, stack, resources)
    movable.advance_clock(60)
    queue = Queue.behind(movable, topic)
    emulated.invoke(movable, quiet)
    emulated.invoke(movable, watched)
    movable.advance_clock(0)
    assert states(movable, stack) == {"Watched": "ALARM", "Suppressor": "ALARM", "Paged": "ALARM"}
    movable.advance_clock(100)
    assert queue.receive() == []
    movable.advance_clock(300)
    assert states(movable, stack) == {"Watched": "ALARM", "Suppressor": "OK", "Paged": "ALARM"}
    assert [message["NewStateValue"] for message in queue.notifications()] == ["ALARM"]


def test_a_subscription_is_told_what_its_filter_policy_admits(movable: LocalCloud, topic: str) -> None:
    """By the message's body; a raw subscription gets the bare message."""
    function, stack = emulated.create_function(movable, FAILING), emulated.unique("stack")
    deploy(movable, stack, {"Alarm": alarm_over(function, AlarmActions=[topic], OKActions=[topic])})
    scope = {"FilterPolicyScope": "MessageBody", "RawMessageDelivery": "true"}
    alarms = Queue.behind(movable, topic, FilterPolicy=json.dumps({"NewStateValue": ["ALARM"]}), **scope)
    others = Queue.behind(movable, topic, FilterPolicy=json.dumps({"AlarmName": [{"prefix": "other"}]}), **scope)
    emulated.invoke(movable, function)
    movable.advance_clock(300)
    assert states(movable, stack) == {"Alarm": "OK"}
    assert [document["NewStateValue"] for document in alarms.documents()] == ["ALARM"]
    assert others.receive() == []


def test_event_bridge_is_told_of_every_change(movable: LocalCloud) -> None:
    """CloudWatch's own event, for alarms without any action too."""
    function, stack = emulated.create_function(movable, FAILING), emulated.unique("stack")
    deploy(movable, stack, {"Alarm": alarm_over(function)})
    queue, events = Queue.create(movable, admits="events.amazonaws.com"), movable.client("events")
    name = emulated.outputs(movable, stack)["Alarm"]
    pattern = {"detail-type": ["CloudWatch Alarm State Change"], "detail": {"alarmName": [name]}}
    events.put_rule(Name=stack, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=stack, Targets=[{"Id": "queue", "Arn": queue.arn}])
    emulated.invoke(movable, function)
    movable.advance_clock(0)
    (event,) = queue.documents()
    assert event["detail"]["state"]["value"] == "ALARM"
    assert event["detail"]["previousState"] == {"value": "OK"}


def test_a_dashboard_is_made_changed_and_deleted(movable: LocalCloud) -> None:
    """Its body is what the template says."""
    cloudwatch, name = movable.client("cloudwatch"), emulated.unique("dashboard")
    for title in ("first", "second"):
        body = json.dumps({"widgets": [{"type": "text", "properties": {"markdown": title}}]})
        board = {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardName": name, "DashboardBody": body}}
        assert emulated.deploy(movable, name, {"Board": board}).endswith("E_COMPLETE")
        assert cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"] == body
    assert emulated.destroy(movable, name) == "DELETE_COMPLETE"
    assert emulated.error_of(cloudwatch.get_dashboard, DashboardName=name) == "ResourceNotFound"

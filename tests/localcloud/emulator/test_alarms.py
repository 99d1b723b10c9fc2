"""CloudWatch's decision over an alarm's data points, and the way of an alarm to a queue."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from localcloud.cloud import LocalCloud
from localcloud.emulator.alarms.evaluation import Rule, State
from tests.support import emulated
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Table = list[tuple[str, list[State | None]]]

OK, ALARM, UNKNOWN = State.OK, State.ALARM, State.INSUFFICIENT_DATA
KEPT = None
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")

# The two tables of "Configuring how CloudWatch alarms treat missing data": 0 does not breach, X does, - is missing.
THREE_OF_THREE: Table = [
    ("0-X-X", [OK, OK, OK, OK]),
    ("----0", [OK, OK, OK, OK]),
    ("-----", [UNKNOWN, KEPT, ALARM, OK]),
    ("0XX-X", [ALARM, ALARM, ALARM, ALARM]),
    ("--X--", [ALARM, KEPT, ALARM, OK]),
]
TWO_OF_THREE: Table = [
    ("0-X-X", [ALARM, ALARM, ALARM, ALARM]),
    ("00X0X", [ALARM, ALARM, ALARM, ALARM]),
    ("0-X--", [OK, OK, ALARM, OK]),
    ("----0", [OK, OK, ALARM, OK]),
    ("---X-", [ALARM, KEPT, ALARM, OK]),
]
CASES = [
    pytest.param(points, datapoints, missing, expected, id=f"{points} {datapoints} of 3 {missing}")
    for datapoints, table in ((3, THREE_OF_THREE), (2, TWO_OF_THREE))
    for points, row in table
    for missing, expected in zip(TREATMENTS, row, strict=True)
]


@pytest.mark.parametrize(("points", "datapoints", "missing", "expected"), CASES)
@pytest.mark.parametrize("before", [OK, ALARM])
def test_missing_data_counts_as_documented(
    points: str, datapoints: int, missing: str, expected: State | None, before: State
) -> None:
    """Each cell of the documentation's tables; a cell that keeps the state does so for both states."""
    rule = Rule(comparison="GreaterThanThreshold", threshold=0, periods=3, datapoints=datapoints, missing=missing)
    values = [{"0": 0.0, "X": 1.0, "-": None}[point] for point in points]
    assert rule.decide(values, before) == (before if expected is KEPT else expected)


@pytest.mark.parametrize(
    ("comparison", "breaching"),
    [
        ("GreaterThanOrEqualToThreshold", [False, True, True]),
        ("GreaterThanThreshold", [False, False, True]),
        ("LessThanThreshold", [True, False, False]),
        ("LessThanOrEqualToThreshold", [True, True, False]),
    ],
)
def test_each_comparison_treats_the_threshold_as_its_name_says(comparison: str, breaching: list[bool]) -> None:
    """Below, at and above a threshold of 5."""
    rule = Rule(comparison=comparison, threshold=5, periods=1, datapoints=1, missing="missing")
    assert [rule.decide([None, None, value], OK) is ALARM for value in (4.0, 5.0, 6.0)] == breaching


@pytest.fixture(scope="module")
def movable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """Run a local cloud whose clock these tests may move."""
    with LocalCloud.start(tmp_path_factory.mktemp("alarms") / "cloud") as running:
        yield running


def queue_behind(cloud: LocalCloud, topic: str) -> Callable[[], list[str]]:
    """Subscribe a queue to a topic and return what reads the messages."""
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName=emulated.unique("queue"))["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    admit = {**emulated.statement("Allow", "sqs:SendMessage", arn), "Principal": {"Service": "sns.amazonaws.com"}}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": emulated.policy(admit)})
    cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def receive() -> list[str]:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"])["Message"] for message in messages]

    return receive


def service(name: str, actions: list[str]) -> dict[str, Any]:
    """Return a policy statement that admits an AWS service."""
    return {**emulated.statement("Allow", actions, "*"), "Principal": {"Service": name}}


def alarm_over_errors(cloud: LocalCloud, key_admits: list[str]) -> tuple[str, str, Callable[[], list[str]]]:
    """Deploy an alarm over a failing function's errors with an encrypted topic, and return function, alarm, reader."""
    function = emulated.create_function(cloud, "def handler(event, context): raise RuntimeError")
    name = emulated.unique("alarm")
    statements = [service(principal, ["kms:Decrypt", "kms:GenerateDataKey*"]) for principal in key_admits]
    root = {**emulated.statement("Allow", "kms:*", "*"), "Principal": {"AWS": emulated.ACCOUNT_ROOT}}
    alarm = {
        "AlarmName": name,
        "Namespace": "AWS/Lambda",
        "MetricName": "Errors",
        "Dimensions": [{"Name": "FunctionName", "Value": function.rsplit(":", 1)[-1]}],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmActions": [{"Ref": "Topic"}],
        "OKActions": [{"Ref": "Topic"}],
    }
    document = {"Version": "2012-10-17", "Statement": [root, *statements]}
    resources = {
        "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": document}},
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": {"Ref": "Key"}}},
        "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": alarm},
    }
    assert emulated.deploy(cloud, name, resources, {"Topic": {"Ref": "Topic"}}) == "CREATE_COMPLETE"
    return function, name, queue_behind(cloud, emulated.outputs(cloud, name)["Topic"])


def state(cloud: LocalCloud, alarm: str) -> str:
    """Return the state of an alarm."""
    return str(cloud.client("cloudwatch").describe_alarms(AlarmNames=[alarm])["MetricAlarms"][0]["StateValue"])


def test_an_error_raises_the_alarm_and_time_clears_it(movable: LocalCloud) -> None:
    """Both transitions reach the queue behind the topic; another function's errors do not count."""
    function, alarm, receive = alarm_over_errors(movable, ["cloudwatch.amazonaws.com"])
    other, untouched, _ = alarm_over_errors(movable, ["cloudwatch.amazonaws.com"])
    assert function != other
    assert eventually(lambda: state(movable, alarm) == "OK")
    receive()
    emulated.invoke(movable, function)
    assert eventually(lambda: state(movable, alarm) == "ALARM")
    movable.advance_clock(600)
    assert eventually(lambda: state(movable, alarm) == "OK")
    told = [json.loads(message) for message in receive()]
    assert [(message["AlarmName"], message["NewStateValue"]) for message in told] == [(alarm, "ALARM"), (alarm, "OK")]
    assert state(movable, untouched) == "OK"


def test_a_key_that_does_not_admit_cloudwatch_swallows_the_alarm(movable: LocalCloud) -> None:
    """The alarm fires, but its message to the encrypted topic is lost, as on AWS."""
    function, alarm, receive = alarm_over_errors(movable, ["events.amazonaws.com"])
    emulated.invoke(movable, function)
    assert eventually(lambda: state(movable, alarm) == "ALARM")
    assert receive() == []


OF_THIS_ACCOUNT = {"Condition": {"StringEquals": {"aws:SourceAccount": LocalCloud.account}}}


@pytest.mark.parametrize(
    ("principal", "condition", "count"),
    [
        ("events.amazonaws.com", {}, 1),
        ("cloudwatch.amazonaws.com", {}, 0),
        ("events.amazonaws.com", OF_THIS_ACCOUNT, 0),
    ],
    ids=["admitted", "not admitted", "admitted under a condition, which AWS does not support"],
)
def test_a_rule_needs_the_topic_policys_permission(
    movable: LocalCloud, principal: str, condition: dict[str, Any], count: int
) -> None:
    """EventBridge publishes only to a topic whose policy admits it, without conditions."""
    sns, events, name = movable.client("sns"), movable.client("events"), emulated.unique("topic")
    topic = sns.create_topic(Name=name)["TopicArn"]
    document = emulated.policy({**service(principal, ["sns:Publish"]), "Resource": topic, **condition})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document)
    receive = queue_behind(movable, topic)
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    events.put_targets(Rule=name, Targets=[{"Id": "topic", "Arn": topic}])
    events.put_events(Entries=[{"Source": name, "DetailType": "test", "Detail": "{}"}])
    assert len(receive()) == count

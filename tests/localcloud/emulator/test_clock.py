"""A clock that tests can move: what is due on the way happens, in its order and at its time."""

from __future__ import annotations

import itertools
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import pytest

from localcloud.cloud import LocalCloud
from localcloud.errors import LocalCloudError
from tests.support import emulated
from tests.support.queues import Queue

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = 86400


@pytest.fixture(scope="module")
def movable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """Run a local cloud whose clock these tests may move."""
    with LocalCloud.start(tmp_path_factory.mktemp("clock") / "cloud") as running:
        yield running


def moment(text: str) -> datetime:
    """Read a time that the cloud wrote."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def scheduled(cloud: LocalCloud, expression: str) -> Queue:
    """Create a rule with a schedule, and return the queue that it sends to."""
    queue, name = Queue.create(cloud, admits="events.amazonaws.com"), emulated.unique("rule")
    events = cloud.client("events")
    events.put_rule(Name=name, ScheduleExpression=expression)
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": queue.arn, "InputPath": "$.time"}])
    return queue


def times(queue: Queue) -> list[datetime]:
    """Return when the events in a queue happened."""
    return [moment(text.strip('"')) for text in queue.receive()]


def test_a_rule_with_a_rate_fires_every_time(movable: LocalCloud) -> None:
    """The countdown begins when the rule is created; no run is left out."""
    queue, began = scheduled(movable, "rate(6 hours)"), movable.now()
    movable.advance_clock(DAY + 60)
    found = times(queue)
    assert len(found) == 4
    assert abs(found[0] - began - timedelta(hours=6)) < timedelta(seconds=5)
    assert all(later - earlier >= timedelta(hours=6) for earlier, later in itertools.pairwise(found))


def test_a_rule_with_a_cron_expression_fires_at_its_times(movable: LocalCloud) -> None:
    """At half past three every day."""
    queue = scheduled(movable, "cron(30 3 * * ? *)")
    movable.advance_clock(3 * DAY)
    found = times(queue)
    assert [(each.hour, each.minute) for each in found] == [(3, 30)] * 3
    assert len({each.date() for each in found}) == 3


def test_a_functions_clock_is_the_emulators(movable: LocalCloud) -> None:
    """Also that of a process which was started before, and what it asks of AWS is not taken for a forgery."""
    source = """
        import datetime, time, boto3

        def handler(event, context):
            boto3.client("sts").get_caller_identity()
            seconds = context.get_remaining_time_in_millis() / 1000
            return [time.time(), datetime.datetime.now(datetime.timezone.utc).timestamp(), seconds]
    """
    function = emulated.create_function(movable, source)
    for days in (0, 30):
        movable.advance_clock(days * DAY)
        *clocks, remaining = emulated.invoke(movable, function)
        assert all(abs(clock - movable.now().timestamp()) < 5 for clock in clocks)
        assert 10 < remaining <= 20


def test_an_answer_is_dated_by_the_emulators_clock(movable: LocalCloud) -> None:
    """As the dates inside it are."""
    secrets = movable.client("secretsmanager")
    movable.advance_clock(DAY)
    arn = secrets.create_secret(Name=emulated.unique("dated"), SecretString="{}")["ARN"]
    answer = secrets.describe_secret(SecretId=arn)
    dated = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    assert abs(dated - answer["CreatedDate"]) < timedelta(minutes=1)


def test_a_function_sees_no_more_than_on_lambda_when_the_clock_was_moved(movable: LocalCloud) -> None:
    """What moves its clock lies on no path of its."""
    source = """
        import sys

        def handler(event, context):
            return sys.path
    """
    movable.advance_clock(60)
    path = emulated.invoke(movable, emulated.create_function(movable, source))
    assert not [folder for folder in path if "localcloud" in folder and "site-packages" in folder]


def test_a_clock_does_not_run_backwards(movable: LocalCloud) -> None:
    """The refusal says so."""
    with pytest.raises(LocalCloudError, match="forward only"):
        movable.advance_clock(-1)


PROBE = """
    import json, time, boto3

    def handler(event, context):
        secret = boto3.client("secretsmanager").describe_secret(SecretId=event)
        age = (time.time() - secret["LastRotatedDate"].timestamp()) / 86400
        directive = {"Namespace": event, "Dimensions": [[]], "Metrics": [{"Name": "Age", "Unit": "None"}]}
        about = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
        print(json.dumps({"_aws": about, "Age": age}))
"""


def overdue(secret: str, topic: str) -> dict[str, Any]:
    """Return an alarm that goes when a secret was not rotated for eight days, or the probe is silent for two."""
    return {
        "Namespace": secret,
        "MetricName": "Age",
        "Statistic": "Maximum",
        "Period": DAY,
        "EvaluationPeriods": 2,
        "DatapointsToAlarm": 2,
        "Threshold": 8,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "breaching",
        "AlarmActions": [topic],
        "OKActions": [topic],
    }


def test_thirty_days_pass_in_seconds_and_raise_no_alarm_until_something_is_wrong(movable: LocalCloud) -> None:
    """Weekly rotations, a daily probe and an alarm over what it measures; then the rotation is cancelled."""
    api, events = movable.client("secretsmanager"), movable.client("events")
    secret, name = emulated.create_secret(movable), emulated.unique("probe")
    rotation = emulated.rotation_function(movable, secret)
    emulated.ended(
        movable, emulated.rotate(movable, secret, rotation, RotationRules={"ScheduleExpression": "rate(7 days)"})
    )
    read = emulated.statement("Allow", "secretsmanager:DescribeSecret", secret)
    logs = emulated.statement("Allow", ["logs:CreateLogStream", "logs:PutLogEvents"], "*")
    probe = emulated.create_function(movable, PROBE, read, logs)
    emulated.invoke(movable, probe, secret)
    events.put_rule(Name=name, ScheduleExpression="rate(1 day)")
    events.put_targets(Rule=name, Targets=[{"Id": "probe", "Arn": probe, "Input": f'"{secret}"'}])
    topic = movable.client("sns").create_topic(Name=name)["TopicArn"]
    queue = Queue.behind(movable, topic)
    movable.client("cloudwatch").put_metric_alarm(AlarmName=name, **overdue(secret, topic))
    movable.advance_clock(0)
    queue.receive()
    before, started = len(movable.rotations()), time.monotonic()
    movable.advance_clock(30 * DAY)
    assert time.monotonic() - started < 30
    assert len(movable.rotations()) - before == 4
    assert queue.receive() == []
    api.cancel_rotate_secret(SecretId=secret)
    movable.advance_clock(12 * DAY)
    (message,) = queue.notifications()
    assert (message["AlarmName"], message["NewStateValue"]) == (name, "ALARM")

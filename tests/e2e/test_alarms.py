"""A broken rotation reaches a person: through the alarms, the event rule and the encrypted topic."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.deployment import Deployment

# Longer than the evaluation range of an alarm, which reaches back further than its one period when data is missing.
_LONG_AFTER = 3600


@pytest.fixture
def messages(deployment: Deployment) -> Iterator[Callable[[], list[str]]]:
    """What a queue that is subscribed to the alarm topic has received so far."""
    sqs, sns = deployment.cloud.client("sqs"), deployment.cloud.client("sns")
    queue = sqs.create_queue(QueueName="on-call")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    admit_topic(sqs, queue, arn, deployment.outputs["AlarmTopicArn"])
    subscription = sns.subscribe(
        TopicArn=deployment.outputs["AlarmTopicArn"], Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True
    )["SubscriptionArn"]
    received: list[str] = []

    def receive() -> list[str]:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            received.append(json.loads(message["Body"])["Message"])
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return received

    yield receive
    sns.unsubscribe(SubscriptionArn=subscription)
    sqs.delete_queue(QueueUrl=queue)


def admit_topic(sqs: Any, queue: str, queue_arn: str, topic: str) -> None:
    """Let a topic deliver to a queue."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})


def states(deployment: Deployment) -> dict[str, str]:
    """Alarm name to state."""
    alarms = deployment.cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]
    return {alarm["AlarmName"]: alarm["StateValue"] for alarm in alarms}


def break_rotation(deployment: Deployment) -> None:
    """Change the password behind the back of the secret, by the RDS API."""
    (database,) = deployment.cloud.control.databases()
    deployment.cloud.client("rds").modify_db_instance(
        DBInstanceIdentifier=database.identifier, MasterUserPassword="Behind-Your-Back_1", ApplyImmediately=True
    )
    assert not deployment.logs_in(deployment.value())


def mend_rotation(deployment: Deployment) -> None:
    """Give the database the password that the secret says, and let the rotation that got stuck end."""
    (database,) = deployment.cloud.control.databases()
    value = deployment.value()
    assert value is not None
    deployment.cloud.client("rds").modify_db_instance(
        DBInstanceIdentifier=database.identifier, MasterUserPassword=value["password"], ApplyImmediately=True
    )
    secrets = deployment.cloud.client("secretsmanager")
    with pytest.raises(secrets.exceptions.InvalidRequestException):
        secrets.rotate_secret(SecretId=deployment.secret)
    assert eventually(lambda: "AWSPENDING" not in deployment.labels)


def test_a_rotation_that_fails_is_reported_and_the_alarm_clears(
    deployment: Deployment, messages: Callable[[], list[str]]
) -> None:
    """The cause produces an alarm and two messages; when it is gone, the alarm is."""
    deployment.cloud.advance_clock(_LONG_AFTER)  # what other tests have broken is past
    assert eventually(lambda: "ALARM" not in states(deployment).values())
    break_rotation(deployment)
    assert deployment.rotate().outcome == "failed"
    assert eventually(lambda: "ALARM" in states(deployment).values())
    assert eventually(lambda: len(messages()) >= 2)
    received = "\n".join(messages())
    assert "RotationFailed" in received
    assert deployment.secret in received
    assert any('"NewStateValue": "ALARM"' in text or '"NewStateValue":"ALARM"' in text for text in messages())
    mend_rotation(deployment)
    deployment.cloud.advance_clock(_LONG_AFTER)
    assert eventually(lambda: "ALARM" not in states(deployment).values())

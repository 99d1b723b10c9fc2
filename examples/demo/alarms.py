"""What on-call would get: messages of the alarm topic, and the state of the alarms."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localcloud.cloud import LocalCloud

_QUEUE = "demo-on-call"
_MOST_MESSAGES = 10  # SQS gives no more at once


class OnCall:
    """A queue that is subscribed to the alarm topic.

    :param topic_arn: The topic of the deployment.
    """

    def __init__(self, cloud: LocalCloud, topic_arn: str) -> None:
        self._sqs = cloud.client("sqs")
        self._sns = cloud.client("sns")
        self._messages: list[str] = []
        self._url = self._sqs.create_queue(QueueName=_QUEUE)["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = json.dumps(_admitting(topic_arn, queue_arn=arn))
        self._sqs.set_queue_attributes(QueueUrl=self._url, Attributes={"Policy": policy})
        answer = self._sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
        self._subscription = answer["SubscriptionArn"]

    def messages(self) -> list[str]:
        """Return all messages so far, as their subscribers read them."""
        answer = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=_MOST_MESSAGES)
        for message in answer.get("Messages", []):
            text = json.loads(message["Body"])["Message"]
            self._messages.append(text.strip('"'))  # EventBridge sends a text as JSON, that is in quotes
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return list(self._messages)

    def message_with(self, *parts: str) -> str:
        """Return the first message that holds all of these parts, or nothing."""
        return next((message for message in self.messages() if all(part in message for part in parts)), "")

    def leave(self) -> None:
        """Remove subscription and queue."""
        self._sns.unsubscribe(SubscriptionArn=self._subscription)
        self._sqs.delete_queue(QueueUrl=self._url)


def alarming(cloud: LocalCloud, function_name: str) -> tuple[str, ...]:
    """Return the names of the alarms on a function that are in the state ALARM."""
    alarms = cloud.client("cloudwatch").describe_alarms(StateValue="ALARM")["MetricAlarms"]
    watched = {"Name": "FunctionName", "Value": function_name}
    return tuple(alarm["AlarmName"] for alarm in alarms if watched in alarm["Dimensions"])


def _admitting(topic_arn: str, *, queue_arn: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue_arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
            }
        ],
    }

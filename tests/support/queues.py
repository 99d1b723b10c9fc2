"""Queues behind topics and rules, to read what reached them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from tests.support import emulated

if TYPE_CHECKING:
    from localcloud.cloud import LocalCloud


@dataclass(frozen=True)
class Queue:
    """A queue of the local cloud."""

    cloud: LocalCloud
    url: str
    arn: str
    subscription: str | None = None

    @classmethod
    def create(cls, cloud: LocalCloud, *, admits: str) -> Self:
        """Create a queue.

        :param admits: the service that may send to it.
        """
        sqs = cloud.client("sqs")
        url = sqs.create_queue(QueueName=emulated.unique("queue"))["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        admit = {**emulated.statement("Allow", "sqs:SendMessage", arn), "Principal": {"Service": admits}}
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": emulated.policy(admit)})
        return cls(cloud, url, arn)

    @classmethod
    def behind(cls, cloud: LocalCloud, topic: str, **attributes: str) -> Self:
        """Create a queue that is subscribed to a topic.

        :param attributes: those of the subscription, such as RawMessageDelivery.
        """
        queue = cls.create(cloud, admits="sns.amazonaws.com")
        answer = cloud.client("sns").subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=queue.arn, Attributes=attributes, ReturnSubscriptionArn=True
        )
        return replace(queue, subscription=answer["SubscriptionArn"])

    def remove(self) -> None:
        """Remove queue and subscription."""
        if self.subscription is not None:
            self.cloud.client("sns").unsubscribe(SubscriptionArn=self.subscription)
        self.cloud.client("sqs").delete_queue(QueueUrl=self.url)

    def receive(self) -> list[str]:
        """Take what is in the queue."""
        sqs, bodies = self.cloud.client("sqs"), []
        while messages := sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                bodies.append(message["Body"])
                sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return bodies

    def documents(self) -> list[Any]:
        """Take what is in the queue as JSON."""
        return [json.loads(body) for body in self.receive()]

    def notifications(self) -> list[Any]:
        """Take the JSON messages that a topic wrapped into its envelope."""
        return [json.loads(document["Message"]) for document in self.documents()]

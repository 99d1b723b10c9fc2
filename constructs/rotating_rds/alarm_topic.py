"""The topic that alarms and events are published to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct, IConstruct

from rotating_rds.encryption import CustomerKey

if TYPE_CHECKING:
    from collections.abc import Mapping

# Who publishes, and how the ARNs of its resources continue after the account.
_PUBLISHERS: Mapping[str, tuple[str, str]] = {
    "cloudwatch.amazonaws.com": ("cloudwatch", "alarm:*"),
    "events.amazonaws.com": ("events", "rule/*"),
}


class AlarmTopic(Construct):
    """An encrypted topic that CloudWatch alarms and EventBridge rules of this account can publish to.

    Its key is a key of its own: publishers need to use it, and no service should gain use of a database's key by that.
    Without their statements in the key policy, alarms get lost without an error anywhere ("Managing Amazon SNS
    encryption keys and costs" in the developer guide of SNS).

    :param removal_policy: what becomes of the key with its stack; retained unless given.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, removal_policy: RemovalPolicy = RemovalPolicy.RETAIN
    ) -> None:
        super().__init__(scope, construct_id)
        self.key = CustomerKey(
            self, "Key", description=f"Messages of the alarm topic {self.node.path}", removal_policy=removal_policy
        )
        self.topic = sns.Topic(
            self, "Resource", display_name="Database credential rotation", enforce_ssl=True, master_key=self.key
        )
        for service in _PUBLISHERS:
            self.key.add_to_resource_policy(
                _publisher(self, service, actions=["kms:Decrypt", "kms:GenerateDataKey"], resource="*")
            )
        admit_publishers(self.topic)


def admit_publishers(topic: sns.ITopic) -> None:
    """Let the alarms and rules of the topic's account publish to *topic*; one that was imported stays as it is."""
    for service in _PUBLISHERS:
        topic.add_to_resource_policy(_publisher(topic, service, actions=["sns:Publish"], resource=topic.topic_arn))


def _publisher(scope: IConstruct, service: str, *, actions: list[str], resource: str) -> iam.PolicyStatement:
    stack = Stack.of(scope)
    arn_service, sources = _PUBLISHERS[service]
    # Written without references to alarms and rules: they may live in other stacks, which depend on this one.
    source_arn = f"arn:{stack.partition}:{arn_service}:{stack.region}:{stack.account}:{sources}"
    return iam.PolicyStatement(
        principals=[iam.ServicePrincipal(service)],
        actions=actions,
        resources=[resource],
        conditions={"StringEquals": {"aws:SourceAccount": stack.account}, "ArnLike": {"aws:SourceArn": source_arn}},
    )

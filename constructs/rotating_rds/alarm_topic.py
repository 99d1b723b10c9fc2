"""The topic that alarms and events are published to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from rotating_rds.encryption import CustomerKey

if TYPE_CHECKING:
    from constructs import IConstruct

_CLOUDWATCH = "cloudwatch.amazonaws.com"


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
        self.key.add_to_resource_policy(
            _alarms_of_this_account(self, actions=["kms:Decrypt", "kms:GenerateDataKey"], resource="*")
        )
        admit_alarms(self.topic)


def admit_alarms(topic: sns.ITopic) -> None:
    """Let the alarms of the topic's account publish to *topic*; one that was imported stays as it is.

    A rule's target (`aws_events_targets.SnsTopic`) admits EventBridge by itself, to topic and key, and without the
    conditions that alarms get: with them no message would ever arrive, for AWS supports none for EventBridge ("Using
    resource-based policies for Amazon EventBridge", user guide of EventBridge; "Managing Amazon SNS encryption keys and
    costs", developer guide of SNS).
    """
    topic.add_to_resource_policy(_alarms_of_this_account(topic, actions=["sns:Publish"], resource=topic.topic_arn))


def _alarms_of_this_account(scope: IConstruct, *, actions: list[str], resource: str) -> iam.PolicyStatement:
    stack = Stack.of(scope)
    # Written without references to alarms: they may live in other stacks, which depend on this one.
    alarms = f"arn:{stack.partition}:cloudwatch:{stack.region}:{stack.account}:alarm:*"
    return iam.PolicyStatement(
        principals=[iam.ServicePrincipal(_CLOUDWATCH)],
        actions=actions,
        resources=[resource],
        conditions={"StringEquals": {"aws:SourceAccount": stack.account}, "ArnLike": {"aws:SourceArn": alarms}},
    )

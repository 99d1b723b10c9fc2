"""The topic that alarms and events are published to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from rotating_rds.encryption import CustomerKey

if TYPE_CHECKING:
    from constructs import IConstruct


@dataclass(frozen=True)
class _Publisher:
    """A service that publishes for resources of the topic's account only.

    :param principal: the service.
    :param namespace: of the resources, as ARNs name it.
    :param sources: the resources, by the rest of their ARNs.
    """

    principal: str
    namespace: str
    sources: str

    def may(self, *actions: str, scope: IConstruct, resource: str = "*") -> iam.PolicyStatement:
        """Return the statement that lets it."""
        stack = Stack.of(scope)
        # Written without references to the sources: they may live in other stacks, which depend on this one.
        sources = f"arn:{stack.partition}:{self.namespace}:{stack.region}:{stack.account}:{self.sources}"
        return iam.PolicyStatement(
            principals=[iam.ServicePrincipal(self.principal)],
            actions=list(actions),
            resources=[resource],
            conditions={"StringEquals": {"aws:SourceAccount": stack.account}, "ArnLike": {"aws:SourceArn": sources}},
        )


_ALARMS = _Publisher("cloudwatch.amazonaws.com", "cloudwatch", "alarm:*")
_SERVERS = _Publisher("events.rds.amazonaws.com", "rds", "*")


class AlarmTopic(Construct):
    """An encrypted topic that CloudWatch alarms, EventBridge rules and RDS of this account can publish to.

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
        for publisher in (_ALARMS, _SERVERS):
            self.key.add_to_resource_policy(publisher.may("kms:Decrypt", "kms:GenerateDataKey", scope=self))
        admit_alarms(self.topic)


def admit_alarms(topic: sns.ITopic) -> None:
    """Let the alarms of the topic's account publish to *topic*; one that was imported stays as it is.

    A rule's target (`aws_events_targets.SnsTopic`) admits EventBridge by itself, to topic and key, and without the
    conditions that alarms get: with them no message would ever arrive, for AWS supports none for EventBridge ("Using
    resource-based policies for Amazon EventBridge", user guide of EventBridge; "Managing Amazon SNS encryption keys and
    costs", developer guide of SNS).
    """
    topic.add_to_resource_policy(_ALARMS.may("sns:Publish", scope=topic, resource=topic.topic_arn))


def admit_server_events(topic: sns.ITopic) -> None:
    """Let RDS publish what happens to servers of the topic's account to *topic*; one that was imported stays as it is.

    Source: "Granting permissions to publish notifications to an Amazon SNS topic" in the RDS User Guide.
    """
    topic.add_to_resource_policy(_SERVERS.may("sns:Publish", scope=topic, resource=topic.topic_arn))

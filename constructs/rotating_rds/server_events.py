"""What RDS itself tells about a server: failures, maintenance, changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_rds as rds

from rotating_rds.alarm_topic import admit_server_events

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_sns as sns
    from constructs import Construct

# What somebody has to look at, by source. Source: "Amazon RDS event categories and event messages" in the RDS User
# Guide, and Security Hub's controls RDS.19 to RDS.21, each of which asks for some of them.
_CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "db-cluster": ("configuration change", "deletion", "failover", "failure", "maintenance"),
    "db-instance": ("configuration change", "deletion", "failover", "failure", "low storage", "maintenance"),
    "db-parameter-group": ("configuration change",),
}


def subscribe_to_server_events(scope: Construct, *, topic: sns.ITopic, sources: Mapping[str, str]) -> None:
    """Have RDS tell *topic* what happens to a server.

    :param scope: where the subscriptions are made.
    :param topic: RDS is admitted to it; one that was imported stays as it is.
    :param sources: kind of source, such as `db-instance`, to its identifier.
    """
    if sources:
        admit_server_events(topic)
    for kind, identifier in sources.items():
        subscription = rds.CfnEventSubscription(
            scope,
            "".join(part.title() for part in kind.split("-")[1:]) + "Events",
            sns_topic_arn=topic.topic_arn,
            source_type=kind,
            source_ids=[identifier],
            event_categories=list(_CATEGORIES[kind]),
            enabled=True,
        )
        # RDS tries at once whether it may publish.
        subscription.node.add_dependency(topic)

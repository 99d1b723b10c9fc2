"""Who is told, and what is recorded, in an environment's account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Duration
from aws_cdk import aws_sns_subscriptions as subscriptions

from rotating_rds import AlarmTopic, AuditTrail, CredentialDashboard
from rotating_rds.function_logs import log_group_prefix
from stacks.choices import LOG_RETENTIONS, REMOVAL_POLICIES
from stacks.stack import EnvironmentStack, trusted_roles, trusted_services

if TYPE_CHECKING:
    from constructs import Construct

    from stacks.settings import Settings


class AuditStack(EnvironmentStack):
    """One trail, one topic for the alarms of all databases, and one page about all of them.

    :param settings: the environment.
    """

    def __init__(self, scope: Construct, *, settings: Settings) -> None:
        super().__init__(scope, "audit", settings=settings)
        removal = REMOVAL_POLICIES[settings.audit.removal]
        self.trail = AuditTrail(
            self,
            "Trail",
            trail_name=f"rotating-rds-{settings.name}",
            role_path=settings.role_path,
            log_retention=LOG_RETENTIONS[settings.audit.log_retention_days],
            object_retention=Duration.days(settings.audit.object_retention_days),
            removal_policy=removal,
        )
        self.alarm_topic = AlarmTopic(self, "AlarmTopic", removal_policy=removal).topic
        for email in settings.alarms.emails:
            self.alarm_topic.add_subscription(subscriptions.EmailSubscription(email))
        self.trail.add_detection(
            notify=self.alarm_topic, trusted=trusted_roles(self, settings), trusted_services=trusted_services(settings)
        )
        CredentialDashboard(
            self,
            "Dashboard",
            dashboard_name=f"rotating-rds-{settings.name}",
            database_ids=[settings.identifier(database) for database in settings.databases],
            trail_log_group=self.trail.log_group,
            log_group_prefixes=[log_group_prefix(settings.shared_functions)] if settings.functions.shared else None,
        )
        CfnOutput(self, "AlarmTopicArn", value=self.alarm_topic.topic_arn)
        CfnOutput(self, "TrailLogGroupName", value=self.trail.log_group.log_group_name)

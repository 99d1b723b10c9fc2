"""The audit trail of an environment's account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Duration

from rotating_rds import AuditTrail
from stacks.choices import LOG_RETENTIONS, REMOVAL_POLICIES
from stacks.stack import EnvironmentStack

if TYPE_CHECKING:
    from constructs import Construct

    from stacks.settings import Settings


class AuditStack(EnvironmentStack):
    """One trail.

    :param settings: the environment.
    """

    def __init__(self, scope: Construct, *, settings: Settings) -> None:
        super().__init__(scope, "audit", settings=settings)
        self.trail = AuditTrail(
            self,
            "Trail",
            trail_name=f"rotating-rds-{settings.name}",
            role_path=f"/rotating-rds/{settings.name}/",
            log_retention=LOG_RETENTIONS[settings.audit.log_retention_days],
            object_retention=Duration.days(settings.audit.object_retention_days),
            removal_policy=REMOVAL_POLICIES[settings.audit.removal],
        )
        CfnOutput(self, "TrailLogGroupName", value=self.trail.log_group.log_group_name)

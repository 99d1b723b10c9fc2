"""The audit trail of an environment's account."""

from __future__ import annotations

from aws_cdk import CfnOutput, Duration, Environment, IStackSynthesizer, Stack
from constructs import Construct
from rotating_rds import AuditTrail

from stacks.settings import LOG_RETENTIONS, Settings


class AuditStack(Stack):
    """One trail.

    :param settings: the environment.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        env: Environment,
        synthesizer: IStackSynthesizer,
    ) -> None:
        super().__init__(
            scope, construct_id, env=env, synthesizer=synthesizer, description=f"rotating-rds {settings.name}: audit"
        )
        self.trail = AuditTrail(
            self,
            "Trail",
            trail_name=f"rotating-rds-{settings.name}",
            role_path=f"/rotating-rds/{settings.name}/",
            log_retention=LOG_RETENTIONS[settings.audit.log_retention_days],
            object_retention=Duration.days(settings.audit.object_retention_days),
            destroy=settings.audit.removal == "destroy",
        )
        CfnOutput(self, "TrailLogGroupName", value=self.trail.log_group.log_group_name)

"""When to worry about a rotation: alarms on its metrics and on the events of Secrets Manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sns as sns
from constructs import Construct

from rotating_rds.alarm_topic import admit_alarms

if TYPE_CHECKING:
    from rotating_rds.credential import Credential
    from rotating_rds.metrics import RotationMetrics

_RUNBOOK = "docs/runbook.md"


class RotationAlarms(Construct):
    """The alarms of one database's rotation, and the rule for rotations that failed.

    There is no metric of failed rotations: Secrets Manager tells of them by service events only.

    :param metrics: what the alarms watch.
    :param notify: the topic that hears of it; alarms of its account and EventBridge are admitted to it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        metrics: RotationMetrics,
        notify: sns.ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        self.topic = notify
        self._database_id = metrics.database_id
        admit_alarms(notify)
        self.function_errors = self._alarm(
            "FunctionErrors",
            metrics.function_errors(),
            f"A step of the rotation of {metrics.database_id} failed; Secrets Manager repeats it. "
            f"See 'Function errors' in {_RUNBOOK}.",
        )
        self.function_throttles = self._alarm(
            "FunctionThrottles",
            metrics.function_throttles(),
            f"The rotation function of {metrics.database_id} had no concurrency left. "
            f"See 'Function throttles' in {_RUNBOOK}.",
        )

    def watch(self, credential: Credential) -> events.Rule:
        """Tell of rotations of a credential that failed."""
        return events.Rule(
            self if credential.owner is self.node.scope else credential.owner,
            "RotationFailed",
            description=f"Rotations of {credential.username} on {self._database_id} that failed or were given up",
            event_pattern=events.EventPattern(
                source=["aws.secretsmanager"],
                detail_type=["AWS Service Event via CloudTrail"],
                detail={
                    "eventSource": ["secretsmanager.amazonaws.com"],
                    "eventName": ["RotationFailed", "RotationAbandoned"],
                    "additionalEventData": {"SecretId": [credential.secret.secret_arn]},
                },
            ),
            targets=[targets.SnsTopic(self.topic, message=_message(self._database_id, credential.username))],
        )

    def _alarm(self, construct_id: str, metric: cloudwatch.Metric, description: str) -> cloudwatch.Alarm:
        alarm = cloudwatch.Alarm(
            self,
            construct_id,
            metric=metric,
            alarm_description=description,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            threshold=1,
            evaluation_periods=1,
            # Between rotations the function does not run, and an absent metric is no news.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        action = actions.SnsAction(self.topic)
        alarm.add_alarm_action(action)
        alarm.add_ok_action(action)
        return alarm


def _message(database_id: str, username: str) -> events.RuleTargetInput:
    secret = events.EventField.from_path("$.detail.additionalEventData.SecretId")
    outcome = events.EventField.from_path("$.detail.eventName")
    return events.RuleTargetInput.from_text(
        f"{outcome}: {username} of database {database_id} has not got its new password ({events.EventField.time}). "
        f"Secret: {secret}. If the password was set before the failure, new connections fail until the rotation is "
        f"repeated: see 'Rotation failed' in {_RUNBOOK}."
    )

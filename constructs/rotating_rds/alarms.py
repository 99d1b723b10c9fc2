"""When to worry about credentials: alarms on metrics, and on the events of Secrets Manager."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sns as sns
from constructs import Construct

from rotating_rds.alarm_topic import admit_alarms
from rotating_rds.findings import FINDINGS, Finding, Severity
from rotating_rds.service_events import MOST_IN_A_PATTERN, service_events

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rotating_rds.credential import Credential
    from rotating_rds.credential_probe import CredentialProbe
    from rotating_rds.engine import Engine
    from rotating_rds.metrics import RotationMetrics
    from rotating_rds.thresholds import Thresholds

_RUNBOOK = "docs/runbook.md"


class RotationAlarms(Construct):
    """The alarms of one database's credentials, and the rules for rotations that failed.

    There is no metric of failed rotations: Secrets Manager tells of them by service events only.

    :param engine: of the database.
    :param metrics: what the alarms watch.
    :param probe: examines the credentials.
    :param notify: the topic that hears of everything; alarms of its account and EventBridge are admitted to it.
    :param thresholds: from when on to worry.
    :param further_actions: what happens beside when an alarm begins and when it ends, by its severity.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        engine: Engine,
        metrics: RotationMetrics,
        probe: CredentialProbe,
        notify: sns.ITopic,
        thresholds: Thresholds,
        further_actions: Mapping[Severity, Sequence[cloudwatch.IAlarmAction]],
    ) -> None:
        super().__init__(scope, construct_id)
        self.topic = notify
        self.probe = probe
        self.alarms: dict[str, cloudwatch.Alarm] = {}
        self._engine = engine
        self._metrics = metrics
        self._thresholds = thresholds
        self._further_actions = further_actions
        self._secrets: list[str] = []
        admit_alarms(notify)
        self.health = cloudwatch.CfnCompositeAlarm(
            self,
            "Health",
            alarm_rule="FALSE",
            alarm_description=f"Whether anything is wrong with the credentials of {metrics.database_id}: see which of "
            f"its alarms are on, each of which has told by itself.",
        )

    def watch(self, credential: Credential) -> None:
        """Examine a credential, alarm about what can be found, and tell of rotations of it that failed."""
        self.probe.watch(credential)
        for finding in FINDINGS:
            concerned = credential.rotation is None or finding.concerns(credential.rotation, self._engine)
            if concerned and finding.name not in self.alarms:
                self.alarms[finding.name] = self._alarm(finding)
        self.health.alarm_rule = self._any_alarm()
        self._tell_of_failures(credential)

    def _tell_of_failures(self, credential: Credential) -> None:
        """Have a rule tell of rotations of a credential that failed or were given up."""
        self._secrets.append(credential.secret.secret_arn)
        number, place = divmod(len(self._secrets) - 1, MOST_IN_A_PATTERN)
        if place == 0:
            rule = events.Rule(
                self,
                f"RotationFailed{number or ''}",
                description=f"Rotations of credentials of {self._metrics.database_id} that failed or were given up",
                event_pattern=events.EventPattern(source=["aws.secretsmanager"]),
                targets=[targets.SnsTopic(self.topic, message=_message(self._metrics.database_id))],
            )
            self._failures = cast("events.CfnRule", rule.node.default_child)
        self._failures.event_pattern = service_events(
            "RotationFailed", "RotationAbandoned", secrets=self._secrets[number * MOST_IN_A_PATTERN :]
        )

    def _alarm(self, finding: Finding) -> cloudwatch.Alarm:
        alarm = cloudwatch.Alarm(
            self,
            finding.name,
            metric=finding.metric(self._metrics),
            alarm_description=f"{finding.sentence.format(database=self._metrics.database_id)} "
            f"See '{finding.paragraph}' in {_RUNBOOK}.",
            comparison_operator=finding.comparison,
            threshold=finding.threshold(self._thresholds),
            evaluation_periods=finding.periods(self._thresholds),
            treat_missing_data=finding.missing,
        )
        tell = actions.SnsAction(self.topic)
        for action in (tell, *self._further_actions.get(finding.severity, ())):
            alarm.add_alarm_action(action)
            alarm.add_ok_action(action)
        if finding.missing is cloudwatch.TreatMissingData.MISSING:
            alarm.add_insufficient_data_action(tell)
        return alarm

    def _any_alarm(self) -> str:
        on = [f'ALARM("{alarm.alarm_name}")' for alarm in self.alarms.values()]
        return " OR ".join([*on, f'INSUFFICIENT_DATA("{self.alarms["ProbeSilent"].alarm_name}")'])


def _message(database_id: str) -> events.RuleTargetInput:
    secret = events.EventField.from_path("$.detail.additionalEventData.SecretId")
    outcome = events.EventField.from_path("$.detail.eventName")
    return events.RuleTargetInput.from_text(
        f"{outcome}: a credential of database {database_id} has not got its new password ({events.EventField.time}). "
        f"Secret: {secret}. If the password was set before the failure, new connections fail until the rotation is "
        f"repeated: see 'Rotation failed' in {_RUNBOOK}."
    )

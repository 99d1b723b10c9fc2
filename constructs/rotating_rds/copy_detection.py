"""What tells of undeclared reads of copies, which EventBridge of the copies' own regions alone hears of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_logs as logs
from aws_cdk.aws_logs import FilterPattern
from constructs import Construct

from rotating_rds import contract
from rotating_rds.alarm_topic import admit_alarms
from rotating_rds.errors import DeclarationError
from rotating_rds.secret_names import longest_name_of, name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_secretsmanager as secretsmanager
    from aws_cdk import aws_sns as sns

    from rotating_rds.detections import Watched

PARAGRAPH: Final = "Undeclared read of a copy"
"""Of the runbook."""

_MOST_CHARACTERS = 1024  # of a filter pattern ("CloudWatch Logs quotas")
_LONGEST_ROLE = "r" * 160
_INVOKER = "$.userIdentity.invokedBy"
_ISSUER = "$.userIdentity.sessionContext.sessionIssuer.arn"


class CopyDetection(Construct):
    """An alarm on what a trail of all regions writes to its one log group about reads in other regions.

    A metric filter counts them, and tells no more: who it was stands in the log group.

    :param database_id: the database, for people.
    :param trail_log_group: of a multi-region trail, in the region of the database.
    :param notify: the topic that hears of it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        database_id: str,
        trail_log_group: logs.ILogGroup,
        notify: sns.ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        self._database_id = database_id
        self._log_group = trail_log_group
        self._filters: list[logs.CfnMetricFilter] = []
        self._metric = cloudwatch.Metric(
            namespace=contract.METRIC_NAMESPACE,
            metric_name=f"UndeclaredReadsOfCopies-{database_id}",  # a filter takes dimensions from a line only
            statistic="Sum",
            period=Duration.minutes(1),
        )
        admit_alarms(notify)
        self._alarm(notify)

    def watch(self, secrets: Sequence[secretsmanager.ISecret], watched: Watched) -> None:
        """Watch the copies of these secrets, and no others any more.

        :param watched: who is declared.
        :raises DeclarationError: if a filter has no room for those who have to be named.
        """
        for number, batch in enumerate(self._batches(secrets, watched)):
            if number == len(self._filters):
                self._filters.append(self._filter(number))
            self._filters[number].filter_pattern = self._pattern([name_of(secret) for secret in batch], watched)

    def _batches(
        self, secrets: Sequence[secretsmanager.ISecret], watched: Watched
    ) -> list[list[secretsmanager.ISecret]]:
        """Return the secrets in as few lists as patterns have room for."""
        batches: list[list[secretsmanager.ISecret]] = []
        for secret in secrets:
            if batches and self._fits([*batches[-1], secret], watched):
                batches[-1].append(secret)
                continue
            if not self._fits([secret], watched):
                raise DeclarationError(
                    f"The {len(watched.others)} roles of others that read or deploy {self._database_id!r} do not fit "
                    f"into a filter pattern of {_MOST_CHARACTERS} characters, which tells of reads of copies: have "
                    "some of them share a role, or make roles by add_consumer(), which need no room."
                )
            batches.append([secret])
        return batches

    def _fits(self, secrets: Sequence[secretsmanager.ISecret], watched: Watched) -> bool:
        """Whether a pattern has room; what is known at deployment only is taken for its longest."""
        known = watched.with_others([arn if arn.startswith("arn:") else _LONGEST_ROLE for arn in watched.others])
        return len(self._pattern(["n" * longest_name_of(secret) for secret in secrets], known)) <= _MOST_CHARACTERS

    def _pattern(self, names: Sequence[str], watched: Watched) -> str:
        equals = FilterPattern.string_value
        # A copy goes by its name, or by an ARN with that in it.
        secrets = [equals("$.requestParameters.secretId", "=", f"*{name}*") for name in names]
        pattern = FilterPattern.all(
            equals("$.eventName", "=", "GetSecretValue"),
            equals("$.awsRegion", "!=", Stack.of(self).region),
            FilterPattern.not_exists("$.errorCode"),
            FilterPattern.any(*secrets),
            _undeclared(watched),
        )
        return pattern.log_pattern_string

    def _filter(self, number: int) -> logs.CfnMetricFilter:
        return logs.CfnMetricFilter(
            self,
            f"Filter{number or ''}",
            log_group_name=self._log_group.log_group_name,
            filter_pattern="",
            metric_transformations=[
                logs.CfnMetricFilter.MetricTransformationProperty(
                    metric_namespace=self._metric.namespace, metric_name=self._metric.metric_name, metric_value="1"
                )
            ],
        )

    def _alarm(self, notify: sns.ITopic) -> None:
        alarm = cloudwatch.Alarm(
            self,
            "Resource",
            metric=self._metric,
            alarm_description=f"A copy of a credential of {self._database_id} in another region was read by somebody "
            f"who is not declared as its reader. See '{PARAGRAPH}' in docs/runbook.md.",
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            threshold=1,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        tell = actions.SnsAction(notify)
        alarm.add_alarm_action(tell)
        alarm.add_ok_action(tell)


def _undeclared(watched: Watched) -> logs.JsonPattern:
    """Return who is not declared; a condition about what a line lacks does not hold, whatever it says."""
    differs = FilterPattern.string_value
    other_role = FilterPattern.all(*[differs(_ISSUER, "!=", arn) for arn in (watched.path, *watched.roles)])
    in_person = [
        FilterPattern.not_exists(_ISSUER),
        *[differs("$.userIdentity.arn", "!=", arn) for arn in watched.users],
        *[differs("$.userIdentity.accountId", "!=", account) for account in watched.accounts],
    ]
    undeclared = FilterPattern.any(other_role, FilterPattern.all(*in_person))
    if not watched.services:
        return undeclared
    others = FilterPattern.all(*[differs(_INVOKER, "!=", service) for service in watched.services])
    return FilterPattern.all(undeclared, FilterPattern.any(FilterPattern.not_exists(_INVOKER), others))

"""One page about the credentials of an environment: whether they work, when they rotate, who reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from rotating_rds import contract
from rotating_rds.errors import DeclarationError
from rotating_rds.function_logs import log_group_prefix
from rotating_rds.probe_function import ProbeFunction
from rotating_rds.rotation_function import RotationFunction

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aws_cdk import aws_logs as logs

    from rotating_rds.database_function import DatabaseFunction

_WIDTH, _HALF, _HEIGHT = 24, 12, 6
_DAY = Duration.days(1)
_READS = "eventSource = 'secretsmanager.amazonaws.com' and eventName = 'GetSecretValue'"
_MOST_LOG_GROUPS = 50  # in a query ("CloudWatch Logs quotas")
_WHO = "coalesce(userIdentity.sessionContext.sessionIssuer.userName, userIdentity.arn, userIdentity.invokedBy)"


class CredentialDashboard(Construct):
    """A CloudWatch dashboard about databases of one region.

    Graphs and tables name databases and log groups by ids, which are known before anything is deployed: it needs no
    reference to other stacks, and a database can be removed before it or after it; the tables of functions are empty
    while one of the log groups does not exist. What is told of each credential
    comes from the lines that functions log, for a metric of each would cost something every month.

    :param dashboard_name: unique in the account.
    :param database_ids: of the databases, as `database.database_id` has them; at least one. They have alarms.
    :param trail_log_group: of the trail that records who reads, such as `AuditTrail.log_group`.
    :param log_group_prefixes: of the functions, where databases share them; those of the databases' own functions
        unless given.
    :raises DeclarationError: if no database is named.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        dashboard_name: str,
        database_ids: Sequence[str],
        trail_log_group: logs.ILogGroup,
        log_group_prefixes: Sequence[str] | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        if not database_ids:
            raise DeclarationError(f"{self.node.path!r} names no database: give database_ids= at least one.")
        self._database_ids = database_ids
        self._prefixes = log_group_prefixes or [log_group_prefix(database_id) for database_id in database_ids]
        self.dashboard = cloudwatch.Dashboard(
            self,
            "Resource",
            dashboard_name=dashboard_name,
            default_interval=Duration.days(7),
            period_override=cloudwatch.PeriodOverride.INHERIT,
            widgets=[
                *self._credentials(),
                [
                    self._graph("Credentials that do not log in", contract.LOGIN_FAILURES, "Maximum", _DAY),
                    self._graph("Examinations, complete or not", contract.PROBE_RUNS, "Minimum", _DAY),
                ],
                [
                    self._graph("Hours that a rotation is overdue", contract.OVERDUE_HOURS, "Maximum", _DAY),
                    self._graph("Hours that a rotation is under way", contract.PENDING_HOURS, "Maximum", _DAY),
                ],
                [
                    self._graph(
                        "Differences between logins of a pair", contract.PRIVILEGE_DIFFERENCES, "Maximum", _DAY
                    ),
                    self._graph("Days until a certificate ends", contract.CERTIFICATE_DAYS, "Minimum", _DAY),
                ],
                [
                    self._graph("Steps of rotations, ms", contract.STEP_DURATION, "p90", Duration.hours(1)),
                    self._graph("Steps that failed", contract.STEP_FAILURES, "Sum", Duration.hours(1)),
                ],
                [
                    _table(
                        "Reads by principal",
                        [trail_log_group.log_group_name],
                        f"{_READS} and not ispresent(errorCode)",
                        f"stats count(*) as reads, max(eventTime) as last by {_WHO} as principal",
                        "sort reads desc",
                    )
                ],
                [
                    _table(
                        "Refused reads",
                        [trail_log_group.log_group_name],
                        f"{_READS} and ispresent(errorCode)",
                        f"display eventTime, {_WHO}, requestParameters.secretId, errorCode, sourceIPAddress",
                        "sort eventTime desc",
                    )
                ],
            ],
        )

    def _credentials(self) -> Iterator[list[cloudwatch.IWidget]]:
        """Return tables with a row a credential, and with a row a rotation, each as wide as the page."""
        for groups in self._log_groups(ProbeFunction):
            yield [
                _table(
                    "Credentials, as last examined",
                    groups,
                    "step = 'probe'",
                    "fields timestamp, database, username, outcome, cause, rotated_days, overdue_hours, pending_hours, "
                    "certificate_days, secret",
                    "sort timestamp desc",
                    "dedup secret",
                )
            ]
        for groups in self._log_groups(RotationFunction):
            yield [
                _table(
                    "Rotations by credential",
                    groups,
                    "ispresent(step)",
                    "stats earliest(timestamp) as began, sum(seconds) as seconds_at_work, latest(step) as last_step, "
                    "latest(outcome) as last_outcome by secret, token",
                    "sort began desc",
                )
            ]

    def _log_groups(self, kind: type[DatabaseFunction]) -> Iterator[list[str]]:
        """Return names of log groups, as many at once as a query takes."""
        names = [f"{prefix}/{kind.log_name}" for prefix in self._prefixes]
        return (names[first : first + _MOST_LOG_GROUPS] for first in range(0, len(names), _MOST_LOG_GROUPS))

    def _graph(self, title: str, metric_name: str, statistic: str, period: Duration) -> cloudwatch.GraphWidget:
        """Return a graph with a line a database."""
        return cloudwatch.GraphWidget(
            title=title,
            width=_HALF,
            height=_HEIGHT,
            left_y_axis=cloudwatch.YAxisProps(min=0, show_units=False),
            left=[
                cloudwatch.Metric(
                    namespace=contract.METRIC_NAMESPACE,
                    metric_name=metric_name,
                    dimensions_map={contract.METRIC_DIMENSION: database_id},
                    statistic=statistic,
                    period=period,
                    label=database_id,
                )
                for database_id in self._database_ids
            ],
        )


def _table(title: str, log_groups: list[str], condition: str, *commands: str) -> cloudwatch.LogQueryWidget:
    return cloudwatch.LogQueryWidget(
        title=title,
        log_group_names=log_groups,
        query_lines=[f"filter {condition}", *commands, "limit 50"],
        view=cloudwatch.LogQueryVisualizationType.TABLE,
        width=_WIDTH,
        height=_HEIGHT,
    )

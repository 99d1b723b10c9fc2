"""What to measure about a rotation; `alarms` decides when to worry."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_

from rotating_rds import contract

_PERIOD = Duration.minutes(5)


@dataclass(frozen=True, kw_only=True)
class RotationMetrics:
    """The metrics of one database's rotation.

    Secrets Manager publishes none about rotations, so these are Lambda's own and what the function writes to its log.

    :param function: the rotation function.
    :param database_id: the database, as the function's metrics name it.
    """

    function: lambda_.IFunction
    database_id: str

    def function_errors(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Return how many steps ended in an error.

        :param period: 5 minutes unless given.
        """
        return self.function.metric_errors(period=period or _PERIOD, statistic="Sum")

    def function_throttles(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Return how many steps were refused for want of concurrency.

        :param period: 5 minutes unless given.
        """
        return self.function.metric_throttles(period=period or _PERIOD, statistic="Sum")

    def step_duration(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Return how long steps took, in milliseconds (90th percentile).

        :param period: 5 minutes unless given.
        """
        return self._own(contract.STEP_DURATION, "p90", period)

    def step_failures(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Return how many steps of this database failed; other databases of a shared function do not count.

        :param period: 5 minutes unless given.
        """
        return self._own(contract.STEP_FAILURES, "Sum", period)

    def probe_runs(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Return whether examinations were complete: 1, or 0 for one that was not (minimum).

        :param period: 5 minutes unless given.
        """
        return self._own(contract.PROBE_RUNS, "Minimum", period)

    def probe_completions(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Return whether any examination was complete: 1 (maximum).

        :param period: 5 minutes unless given.
        """
        return self._own(contract.PROBE_RUNS, "Maximum", period)

    def login_failures(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Return whether a credential did not log in: 1 (maximum).

        :param period: 5 minutes unless given.
        """
        return self._own(contract.LOGIN_FAILURES, "Maximum", period)

    def overdue_hours(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Return by how many hours the most overdue rotation is, or since when one is switched off (maximum).

        :param period: 5 minutes unless given.
        """
        return self._own(contract.OVERDUE_HOURS, "Maximum", period)

    def pending_hours(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Return how many hours ago the oldest rotation began that has not ended (maximum).

        :param period: 5 minutes unless given.
        """
        return self._own(contract.PENDING_HOURS, "Maximum", period)

    def privilege_differences(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Return what the two logins of a pair do not have in common, as a number of clauses (maximum).

        :param period: 5 minutes unless given.
        """
        return self._own(contract.PRIVILEGE_DIFFERENCES, "Maximum", period)

    def retained_hours(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Return by how many hours an old password has outlived its time (maximum).

        :param period: 5 minutes unless given.
        """
        return self._own(contract.RETAINED_HOURS, "Maximum", period)

    def certificate_days(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Return in how many days the first certificate ends that proves the server's identity (minimum).

        :param period: 5 minutes unless given.
        """
        return self._own(contract.CERTIFICATE_DAYS, "Minimum", period)

    def _own(self, name: str, statistic: str, period: Duration | None) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=contract.METRIC_NAMESPACE,
            metric_name=name,
            dimensions_map={contract.METRIC_DIMENSION: self.database_id},
            statistic=statistic,
            period=period or _PERIOD,
        )

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

    def _own(self, name: str, statistic: str, period: Duration | None) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=contract.METRIC_NAMESPACE,
            metric_name=name,
            dimensions_map={contract.METRIC_DIMENSION: self.database_id},
            statistic=statistic,
            period=period or _PERIOD,
        )

"""What servers tell about themselves beyond CloudWatch's metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_iam as iam

from rotating_rds.acknowledgements import acknowledge
from rotating_rds.errors import DeclarationError

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from constructs import Construct

# By "MonitoringInterval" of CreateDBInstance, in the API reference of Amazon RDS.
_INTERVALS = (1, 5, 10, 15, 30, 60)
_POLICY = "service-role/AmazonRDSEnhancedMonitoringRole"


def monitoring(
    scope: Construct, *, interval: Duration | None, performance_insights: bool, encryption_key: kms.IKey, role_path: str
) -> dict[str, Any]:
    """Return the props of an instance or a cluster for its monitoring.

    :param interval: between two samples of the operating system's metrics; none are taken where None.
    :param performance_insights: whether RDS collects the database's load by statement.
    :param encryption_key: of what it collects.
    :param role_path: of the role that writes the samples.
    :raises DeclarationError: if RDS would refuse the interval.
    """
    insights = {"enable_performance_insights": True, "performance_insight_encryption_key": encryption_key}
    return {
        **(insights if performance_insights else {}),
        **({} if interval is None else _enhanced(scope, interval, role_path)),
    }


def _enhanced(scope: Construct, interval: Duration, role_path: str) -> dict[str, Any]:
    if interval.to_milliseconds() not in {seconds * 1000 for seconds in _INTERVALS}:
        raise DeclarationError(
            f"A monitoring_interval of {interval.to_human_string()} is refused by RDS: choose "
            f"{', '.join(map(str, _INTERVALS))} seconds."
        )
    return {"monitoring_interval": interval, "monitoring_role": MonitoringRole(scope, "MonitoringRole", path=role_path)}


class MonitoringRole(iam.Role):
    """By which RDS writes samples of the operating system's metrics, to the log group that it makes for them.

    With AWS's own policy, since RDS refuses a role that has less than it wants, and what that is is not documented
    otherwise. Source: "Setting up and enabling Enhanced Monitoring" in the RDS User Guide.

    :param path: IAM path.
    """

    def __init__(self, scope: Construct, construct_id: str, *, path: str) -> None:
        stack = Stack.of(scope)
        instances = stack.format_arn(
            service="rds", resource="db", resource_name="*", arn_format=ArnFormat.COLON_RESOURCE_NAME
        )
        super().__init__(
            scope,
            construct_id,
            assumed_by=iam.ServicePrincipal(
                "monitoring.rds.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": stack.account},
                    "ArnLike": {"aws:SourceArn": instances},
                },
            ),
            path=path,
            description="Writes samples of the operating system's metrics of database servers",
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(_POLICY)],
        )
        acknowledge(
            self,
            f"AwsSolutions::AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{_POLICY}]",
            "RDS asks for this policy of AWS, which allows to write to log groups of RDS and nothing else; only RDS, "
            "for servers of this account, can assume the role.",
        )

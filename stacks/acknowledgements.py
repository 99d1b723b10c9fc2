"""Findings that an environment accepts, each with its reason; what the library causes, it acknowledges by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from rotating_rds.acknowledgements import AWS_SOLUTIONS, NIST, acknowledge

if TYPE_CHECKING:
    from aws_cdk import aws_ec2 as ec2
    from constructs import IConstruct

    from rotating_rds import RotatingCluster, RotatingDatabase
    from stacks.tables import Database

_PORT = "The default port stays: only named security groups reach it, and from those another number hides nothing."
_BACKUPS = (
    "Automated backups reach back {days} days, to any moment; vaults of AWS Backup are an organisation's choice, which "
    "selects the server by its tags."
)
_STANDBY = "This environment does without a standby to save its cost: it may be down for as long as a restore takes."
_DESTROYABLE = "This environment holds no data worth keeping and is destroyed together with its stacks."
_UNMONITORED = "CloudWatch's metrics are enough for an environment whose load nobody has to explain by the second."
_BACKTRACK = (
    "Backtracking would set users' passwords back together with the data, and not their secrets; a cluster is restored "
    "beside this one instead."
)
_GATEWAY = (
    "Only subnets of NAT gateways have the route: nothing else is in them, and databases and functions have no public "
    "address."
)
_DEFAULT_GROUP = (
    "The settings leave the default security group as it is: nothing of this environment is in it, and databases admit "
    "named groups only."
)


def acknowledge_database(database: RotatingDatabase | RotatingCluster, wanted: Database) -> None:
    """Accept what the settings ask for although a pack objects."""
    unprotected, unmonitored = not wanted.is_protected, not wanted.monitoring_interval_seconds
    for applies, finding, reason in (
        (True, f"{AWS_SOLUTIONS}RDS11", _PORT),
        (True, f"{NIST}RDSInBackupPlan", _BACKUPS.format(days=wanted.backup_retention_days)),
        (not wanted.multi_az, f"{AWS_SOLUTIONS}RDS3", _STANDBY),
        (not wanted.multi_az, f"{NIST}RDSMultiAZSupport", _STANDBY),
        (wanted.engine == "aurora-mysql", f"{AWS_SOLUTIONS}RDS14", _BACKTRACK),
        (unprotected, f"{AWS_SOLUTIONS}RDS10", _DESTROYABLE),
        (unprotected, f"{NIST}RDSInstanceDeletionProtectionEnabled", _DESTROYABLE),
        (unmonitored, f"{NIST}RDSEnhancedMonitoringEnabled", _UNMONITORED),
    ):
        if applies:
            acknowledge(cast("IConstruct", database.server), finding, reason)


def acknowledge_default_group(vpc: ec2.Vpc) -> None:
    """Accept that a VPC's default security group stays open."""
    acknowledge(vpc, f"{NIST}VPCDefaultSecurityGroupClosed", _DEFAULT_GROUP)


def acknowledge_gateway(vpc: ec2.Vpc) -> None:
    """Accept the route that NAT takes."""
    for subnet in vpc.public_subnets:
        acknowledge(subnet, f"{NIST}VPCNoUnrestrictedRouteToIGW", _GATEWAY)

"""Instances and clusters, from their tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager

from rotating_rds import RotatingCluster, RotatingDatabase
from stacks.choices import LOG_RETENTIONS, REMOVAL_POLICIES
from stacks.engines import ENGINES
from stacks.key_path import refusals_name
from stacks.rotations import master_rotation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import Construct

    from stacks.network import DatabaseNetwork
    from stacks.settings import Settings
    from stacks.tables import Database
    from stacks.tables.databases import Replica

_AUTHORITY = rds.CaCertificate.RDS_CA_RSA2048_G1


def make_server(
    scope: Construct,
    *,
    key: str,
    wanted: Database,
    settings: Settings,
    network: DatabaseNetwork,
    functions: Mapping[str, Any],
) -> RotatingDatabase | RotatingCluster:
    """Declare the server of a database.

    :param key: of its table, as messages name it.
    :param functions: those that the environment's databases share, as props.
    """
    with refusals_name(f"{key}.engine_version"):
        engine = ENGINES[wanted.engine].of(wanted.engine_version)
    identifier = settings.identifier(wanted)
    props = {"engine": engine, **_common(wanted, settings, network), **functions}
    props["replica_regions"] = [_replica(scope, replica) for replica in wanted.replicas]
    with refusals_name(key):
        if ENGINES[wanted.engine].is_cluster:
            return RotatingCluster(scope, "Database", cluster_identifier=identifier, **_cluster(wanted), **props)
        return RotatingDatabase(scope, "Database", instance_identifier=identifier, **_instance(wanted), **props)


def _replica(scope: Construct, wanted: Replica) -> secretsmanager.ReplicaRegion:
    key = wanted.key_arn and kms.Key.from_key_arn(scope, f"KeyIn{wanted.region}", wanted.key_arn)
    return secretsmanager.ReplicaRegion(region=wanted.region, encryption_key=key or None)


def _common(wanted: Database, settings: Settings, network: DatabaseNetwork) -> dict[str, Any]:
    interval = wanted.monitoring_interval_seconds
    return {
        "vpc": network.vpc,
        "vpc_subnets": network.subnets,
        "function_subnets": network.function_subnets,
        "secrets_manager_endpoint": network.secrets_manager_endpoint,
        "master_username": wanted.master_username,
        "database_name": wanted.database_name or wanted.name.replace("-", "_"),
        "rotation": master_rotation(wanted.rotation),
        "backup_retention": Duration.days(wanted.backup_retention_days),
        "removal_policy": REMOVAL_POLICIES[wanted.removal],
        "deletion_protection": wanted.is_protected,
        "log_retention": LOG_RETENTIONS[wanted.log_retention_days],
        "monitoring_interval": Duration.seconds(interval) if interval else None,
        "performance_insights": wanted.performance_insights,
        "function_concurrency": settings.functions.concurrency or None,
        "function_tracing": settings.functions.tracing,
        "environment_name": settings.name,
    }


def _instance(wanted: Database) -> dict[str, Any]:
    return {
        "instance_type": ec2.InstanceType(wanted.instance_type) if wanted.instance_type else None,
        "allocated_storage": wanted.allocated_storage_gib,
        "max_allocated_storage": wanted.max_allocated_storage_gib,
        "multi_az": wanted.multi_az,
    }


def _cluster(wanted: Database) -> dict[str, Any]:
    return {
        "writer": _member(wanted, "Writer"),
        # The first reader is who takes over: it is as large as the writer at any time.
        "readers": [
            _member(wanted, f"Reader{number}", scale_with_writer=number == 1) for number in range(1, wanted.readers + 1)
        ],
        "serverless_v2_min_capacity": wanted.min_capacity,
        "serverless_v2_max_capacity": wanted.max_capacity,
    }


def _member(wanted: Database, name: str, **reader: Any) -> rds.IClusterInstance:
    if wanted.instance_type is not None:
        return rds.ClusterInstance.provisioned(
            name, instance_type=ec2.InstanceType(wanted.instance_type), ca_certificate=_AUTHORITY
        )
    return rds.ClusterInstance.serverless_v2(name, ca_certificate=_AUTHORITY, **reader)

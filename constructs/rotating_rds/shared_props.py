"""The props that instances, clusters and adopted databases have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from aws_cdk import RemovalPolicy
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_secretsmanager as secretsmanager

    from rotating_rds.probe_function import ProbeFunction
    from rotating_rds.provision_function import ProvisionFunction
    from rotating_rds.rotation_function import RotationFunction


class SharedProps(TypedDict, total=False):
    """What every rotating database takes, as keyword arguments, beside its own props.

    :param vpc_subnets: where servers and functions are: the isolated subnets, or else the private ones with NAT, unless
        given.
    :param function_subnets: where the functions are instead, such as subnets with NAT beside the isolated ones of the
        servers.
    :param secrets_manager_endpoint: interface endpoint of Secrets Manager (with private DNS), or its security group;
        required in isolated subnets. Without it, the functions may reach any address on port 443.
    :param master_username: `dbadmin` unless given.
    :param database_name: database to create; only the engine's maintenance database unless given.
    :param schema_owner: role that owns the schemas of users, on PostgreSQL; `schema_owner` unless given.
    :param removal_policy: what becomes of the server when it is removed: a last snapshot unless given. Secrets, key and
        logs are retained unless this is `DESTROY`.
    :param encryption_key: one customer key is made unless given; the policy of an imported one has to admit CloudWatch
        Logs.
    :param log_retention: of the servers' and the functions' logs; one year unless given.
    :param replica_regions: regions in which copies of every credential are that is made here, such as
        `[secretsmanager.ReplicaRegion(region="eu-central-1", encryption_key=key)]`, with a key there; none unless
        given. Whoever may read a credential may read its copies.
    :param rotation_function: one that several databases of the network share; one of the database's own unless given.
    :param provision_function: likewise, for making users.
    :param probe_function: likewise, for examining credentials.
    :param function_runtime: newest Python runtime that this release was made for unless given.
    :param function_concurrency: invocations that are reserved for each function; 2 unless given, none of the account's
        share where None.
    :param function_tracing: whether AWS X-Ray records the functions' invocations; no unless given.
    :param environment_name: becomes part of the roles' path `/rotating-rds/<environment>/` and a tag of the secrets;
        neither unless given.
    """

    vpc_subnets: ec2.SubnetSelection | None
    function_subnets: ec2.SubnetSelection | None
    secrets_manager_endpoint: ec2.IConnectable | None
    master_username: str
    database_name: str | None
    schema_owner: str
    removal_policy: RemovalPolicy
    encryption_key: kms.IKey | None
    log_retention: logs.RetentionDays
    replica_regions: Sequence[secretsmanager.ReplicaRegion]
    rotation_function: RotationFunction | None
    provision_function: ProvisionFunction | None
    probe_function: ProbeFunction | None
    function_runtime: lambda_.Runtime
    function_concurrency: int | None
    function_tracing: bool
    environment_name: str | None


@dataclass(frozen=True, kw_only=True)
class Shared:
    """The same, with defaults; an unknown name is refused as in any call."""

    vpc_subnets: ec2.SubnetSelection | None = None
    function_subnets: ec2.SubnetSelection | None = None
    secrets_manager_endpoint: ec2.IConnectable | None = None
    master_username: str = "dbadmin"
    database_name: str | None = None
    schema_owner: str = "schema_owner"
    removal_policy: RemovalPolicy = RemovalPolicy.SNAPSHOT
    encryption_key: kms.IKey | None = None
    log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR
    replica_regions: Sequence[secretsmanager.ReplicaRegion] = ()
    rotation_function: RotationFunction | None = None
    provision_function: ProvisionFunction | None = None
    probe_function: ProbeFunction | None = None
    function_runtime: lambda_.Runtime = lambda_.Runtime.PYTHON_3_14
    function_concurrency: int | None = 2
    function_tracing: bool = False
    environment_name: str | None = None

    @property
    def companions(self) -> RemovalPolicy:
        """What becomes of that which a snapshot is useless without: it goes only where nothing of the server stays."""
        return RemovalPolicy.DESTROY if self.removal_policy is RemovalPolicy.DESTROY else RemovalPolicy.RETAIN

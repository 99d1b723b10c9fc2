"""An Aurora cluster whose credentials are generated, encrypted, rotated and watched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from aws_cdk import Duration, RemovalPolicy, Token
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager

from rotating_rds.acknowledgements import acknowledge
from rotating_rds.adopted import AdoptedDatabase
from rotating_rds.cluster_server import ClosedCluster
from rotating_rds.engine import ClusterEngine, check_engine
from rotating_rds.identity import server_identifier
from rotating_rds.monitoring import monitoring
from rotating_rds.rotating_base import RotatingBase
from rotating_rds.rotation import Rotation
from rotating_rds.shared_props import Shared, SharedProps

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from constructs import Construct

_AUTHORITY = rds.CaCertificate.RDS_CA_RSA2048_G1


class RotatingCluster(RotatingBase):
    """An Aurora cluster and the rotation of its credentials, in any stack of any app.

    Credentials are of the cluster: secrets name its writer endpoint, and readers follow by replication.

    :param engine: such as `Engine.aurora_postgres(rds.AuroraPostgresEngineVersion.VER_16_6)`.
    :param vpc: the network.
    :param rotation: of the master's credential: `Rotation.single_user(every=Duration.days(30))` unless given, or
        `Rotation.managed_by_rds()`.
    :param cluster_identifier: made from the construct's path unless given.
    :param writer: a serverless instance unless given.
    :param readers: one serverless instance that scales with the writer unless given.
    :param serverless_v2_min_capacity: Aurora capacity units; 0.5 unless given.
    :param serverless_v2_max_capacity: Aurora capacity units; 4 unless given.
    :param backup_retention: 7 days unless given.
    :param deletion_protection: on unless *removal_policy* is `DESTROY`.
    :param monitoring_interval: see :class:`RotatingDatabase`; of every instance.
    :param performance_insights: likewise.
    :param shared: see :class:`SharedProps`.
    :raises DeclarationError: if AWS would refuse a value, or the functions could not reach Secrets Manager.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        engine: ClusterEngine,
        vpc: ec2.IVpc,
        rotation: Rotation | None = None,
        cluster_identifier: str | None = None,
        writer: rds.IClusterInstance | None = None,
        readers: Sequence[rds.IClusterInstance] | None = None,
        serverless_v2_min_capacity: float = 0.5,
        serverless_v2_max_capacity: float = 4,
        backup_retention: Duration | None = None,
        deletion_protection: bool | None = None,
        monitoring_interval: Duration | None = None,
        performance_insights: bool = False,
        **shared: Unpack[SharedProps],
    ) -> None:
        check_engine(engine, ClusterEngine, "aurora_postgres", "aurora_mysql")
        props = Shared(**shared)
        super().__init__(
            scope,
            construct_id,
            engine=engine,
            vpc=vpc,
            identify=lambda self: server_identifier(self, "cluster_identifier", cluster_identifier),
            shared=props,
        )
        rotation = rotation or Rotation.single_user()
        destroyed = props.removal_policy is RemovalPolicy.DESTROY
        connections = self._make_connections(vpc)
        self.cluster = ClosedCluster(
            self,
            "Resource",
            engine=engine,
            identifier=self.database_id,
            username=engine.check_master_username(props.master_username),
            secret=self._master_secret(rotation),
            security_group=connections.security_groups[0],
            encryption_key=self.key,
            log_retention=props.log_retention,
            log_removal_policy=props.companions,
            vpc=vpc,
            vpc_subnets=self._subnets,
            default_database_name=props.database_name,
            writer=writer or rds.ClusterInstance.serverless_v2("Writer", ca_certificate=_AUTHORITY),
            readers=list(readers) if readers is not None else [_reader()],
            serverless_v2_min_capacity=serverless_v2_min_capacity,
            serverless_v2_max_capacity=serverless_v2_max_capacity,
            backup=rds.BackupProps(retention=backup_retention or Duration.days(7)),
            deletion_protection=not destroyed if deletion_protection is None else deletion_protection,
            removal_policy=props.removal_policy,
            **monitoring(
                self,
                interval=monitoring_interval,
                performance_insights=performance_insights,
                encryption_key=self.key,
                role_path=self.role_path,
            ),
        )
        if performance_insights:
            acknowledge(
                self.cluster,
                "Annotation::@aws-cdk/aws-rds:instancePerformanceInsightsOverridden",
                "What is enabled for a cluster is enabled for its instances, by RDS.",
            )
        self._attach(
            server=self.cluster,
            connections=connections,
            host=self.cluster.cluster_endpoint.hostname,
            port=Token.as_string(self.cluster.cluster_endpoint.port),
            secret=self.cluster.attached_secret,
            key=self.key,
            rotation=rotation,
        )

    @classmethod
    def from_attributes(
        cls,
        scope: Construct,
        construct_id: str,
        *,
        engine: ClusterEngine,
        cluster: rds.IDatabaseCluster,
        cluster_identifier: str,
        secret: secretsmanager.ISecret,
        vpc: ec2.IVpc,
        rotation: Rotation | None = None,
        **shared: Unpack[SharedProps],
    ) -> AdoptedDatabase:
        """Adopt a cluster that exists, and the secret of its master; neither is changed, nor is a password.

        :param engine: the engine that runs there.
        :param cluster: made in this app, or by `rds.DatabaseCluster.from_database_cluster_attributes()`.
        :param cluster_identifier: its identifier, as literal text.
        :param secret: the master's credential; see :meth:`RotatingDatabase.from_attributes`.
        :param vpc: its network.
        :param rotation: of the master's credential, by this library from now on; it is left alone unless given.
        :param shared: see :class:`SharedProps`; *master_username* has to be the one in the secret.
        :raises DeclarationError: if the database could not be served.
        """
        check_engine(engine, ClusterEngine, "aurora_postgres", "aurora_mysql")
        return AdoptedDatabase(
            scope,
            construct_id,
            engine=engine,
            database_id=cluster_identifier,
            server=cluster,
            host=cluster.cluster_endpoint.hostname,
            port=Token.as_string(cluster.cluster_endpoint.port),
            secret=secret,
            vpc=vpc,
            rotation=rotation,
            **shared,
        )

    def _event_sources(self) -> Mapping[str, str]:
        return {"db-cluster": self.cluster.cluster_identifier}


def _reader() -> rds.IClusterInstance:
    return rds.ClusterInstance.serverless_v2("Reader", scale_with_writer=True, ca_certificate=_AUTHORITY)

"""A database instance whose credentials are generated, encrypted, rotated and watched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager

from rotating_rds.adopted import AdoptedDatabase
from rotating_rds.engine import InstanceEngine, check_engine
from rotating_rds.identity import server_identifier
from rotating_rds.instance import ClosedInstance
from rotating_rds.monitoring import monitoring
from rotating_rds.read_replica import ClosedReadReplica
from rotating_rds.rotating_base import RotatingBase
from rotating_rds.rotation import Rotation
from rotating_rds.shared_props import Shared, SharedProps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import Construct


class RotatingDatabase(RotatingBase):
    """An RDS instance and the rotation of its credentials, in any stack of any app.

    :param engine: such as `Engine.postgres(rds.PostgresEngineVersion.VER_17)`.
    :param vpc: the network.
    :param rotation: of the master's credential: `Rotation.single_user(every=Duration.days(30))` unless given, or
        `Rotation.managed_by_rds()`.
    :param instance_identifier: made from the construct's path unless given.
    :param instance_type: burstable Graviton, medium, unless given.
    :param allocated_storage: GiB; 20 unless given.
    :param max_allocated_storage: GiB up to which storage grows by itself; 100 unless given.
    :param multi_az: whether a standby in another zone takes over; yes unless given.
    :param backup_retention: 7 days unless given.
    :param deletion_protection: on unless *removal_policy* is `DESTROY`.
    :param monitoring_interval: between samples of the operating system's metrics, 1 to 60 seconds; none unless given.
    :param performance_insights: whether RDS collects the load by statement, with their text; no unless given.
    :param shared: see :class:`SharedProps`.
    :raises DeclarationError: if AWS would refuse a value, or the functions could not reach Secrets Manager.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        engine: InstanceEngine,
        vpc: ec2.IVpc,
        rotation: Rotation | None = None,
        instance_identifier: str | None = None,
        instance_type: ec2.InstanceType | None = None,
        allocated_storage: int = 20,
        max_allocated_storage: int = 100,
        multi_az: bool = True,
        backup_retention: Duration | None = None,
        deletion_protection: bool | None = None,
        monitoring_interval: Duration | None = None,
        performance_insights: bool = False,
        **shared: Unpack[SharedProps],
    ) -> None:
        check_engine(engine, InstanceEngine, "postgres", "mysql", "mariadb")
        props = Shared(**shared)
        super().__init__(
            scope,
            construct_id,
            engine=engine,
            vpc=vpc,
            identify=lambda self: server_identifier(self, "instance_identifier", instance_identifier),
            shared=props,
        )
        rotation = rotation or Rotation.single_user()
        self._instance_engine = engine
        destroyed = props.removal_policy is RemovalPolicy.DESTROY
        self._deletion_protection = not destroyed if deletion_protection is None else deletion_protection
        connections = self._make_connections(vpc)
        self.instance = ClosedInstance(
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
            database_name=props.database_name,
            instance_type=instance_type or ec2.InstanceType("t4g.medium"),
            allocated_storage=allocated_storage,
            max_allocated_storage=max_allocated_storage,
            multi_az=multi_az,
            backup_retention=backup_retention or Duration.days(7),
            deletion_protection=self._deletion_protection,
            removal_policy=props.removal_policy,
            **monitoring(
                self,
                interval=monitoring_interval,
                performance_insights=performance_insights,
                encryption_key=self.key,
                role_path=self.role_path,
            ),
        )
        self._attach(
            server=self.instance,
            connections=connections,
            host=self.instance.db_instance_endpoint_address,
            port=self.instance.db_instance_endpoint_port,
            secret=self.instance.attached_secret,
            key=self.key,
            rotation=rotation,
        )

    @classmethod
    def from_attributes(
        cls,
        scope: Construct,
        construct_id: str,
        *,
        engine: InstanceEngine,
        instance: rds.IDatabaseInstance,
        instance_identifier: str,
        secret: secretsmanager.ISecret,
        vpc: ec2.IVpc,
        rotation: Rotation | None = None,
        **shared: Unpack[SharedProps],
    ) -> AdoptedDatabase:
        """Adopt an instance that exists, and the secret of its master; neither is changed, nor is a password.

        :param engine: the engine that runs there.
        :param instance: made in this app, or by `rds.DatabaseInstance.from_database_instance_attributes()`.
        :param instance_identifier: its identifier, as literal text.
        :param secret: the master's credential, such as `instance.secret`, or
            `secretsmanager.Secret.from_secret_attributes()` with complete ARN and encryption key.
        :param vpc: its network.
        :param rotation: of the master's credential, by this library from now on: whatever rotated it before has to be
            taken away first. It is left alone unless given.
        :param shared: see :class:`SharedProps`; *master_username* has to be the one in the secret, and
            *removal_policy* is about what is made here.
        :raises DeclarationError: if the database could not be served.
        """
        check_engine(engine, InstanceEngine, "postgres", "mysql", "mariadb")
        return AdoptedDatabase(
            scope,
            construct_id,
            engine=engine,
            database_id=instance_identifier,
            server=instance,
            host=instance.db_instance_endpoint_address,
            port=instance.db_instance_endpoint_port,
            secret=secret,
            vpc=vpc,
            rotation=rotation,
            **shared,
        )

    def _event_sources(self) -> Mapping[str, str]:
        return {
            "db-instance": self.instance.instance_identifier,
            "db-parameter-group": self.instance.parameters.bind_to_instance().parameter_group_name,
        }

    def add_read_replica(
        self, construct_id: str, *, instance_type: ec2.InstanceType | None = None
    ) -> rds.DatabaseInstanceReadReplica:
        """Make a replica to read from, as closed and encrypted as the instance; its users and passwords follow.

        Secrets name the instance; who reads from the replica takes its endpoint from the replica itself. Consumers of
        a credential reach it by the same security group.

        :param construct_id: the replica's name.
        :param instance_type: as the instance's default unless given.
        """
        return ClosedReadReplica(
            self,
            construct_id,
            engine=self._instance_engine,
            source=self.instance,
            security_group=self.connections.security_groups[0],
            encryption_key=self.key,
            vpc=self._vpc,
            vpc_subnets=self._subnets,
            instance_type=instance_type or ec2.InstanceType("t4g.medium"),
            parameter_group=self.instance.parameters,
            removal_policy=RemovalPolicy.DESTROY,
            deletion_protection=self._deletion_protection,
        )

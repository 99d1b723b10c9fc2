"""A database whose master credential is generated, encrypted, rotated and watched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jsii
from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from constructs import Construct

from rotating_rds.alarm_topic import AlarmTopic
from rotating_rds.alarms import RotationAlarms
from rotating_rds.consumer import Compute, ConsumerRole
from rotating_rds.contract import DatabaseEndpoint
from rotating_rds.encryption import CustomerKey
from rotating_rds.grants import Grants
from rotating_rds.identity import instance_identifier as checked_identifier
from rotating_rds.identity import role_path
from rotating_rds.instance import ClosedInstance
from rotating_rds.master_secret import MasterSecret
from rotating_rds.metrics import RotationMetrics
from rotating_rds.regions import check_region
from rotating_rds.rotation import Rotation
from rotating_rds.rotation_function import RotationFunction
from rotating_rds.subnets import check_way_to_secrets_manager, private_subnets

if TYPE_CHECKING:
    from rotating_rds.engine import Engine


@jsii.implements(ec2.IConnectable)
class RotatingDatabase(Construct):
    """An RDS instance and the rotation of its master credential, in any stack of any app.

    :param engine: such as `Engine.postgres(rds.PostgresEngineVersion.VER_17)`.
    :param vpc: the network.
    :param vpc_subnets: where instance and rotation function are: the isolated subnets, or else the private ones with
        NAT, unless given.
    :param secrets_manager_endpoint: interface endpoint of Secrets Manager (with private DNS), or its security group;
        required in isolated subnets. Without it, the function may reach any address on port 443.
    :param master_username: `dbadmin` unless given.
    :param database_name: database to create; only the engine's maintenance database unless given.
    :param rotation: `Rotation.single_user(every=Duration.days(30))` unless given.
    :param instance_identifier: made from the construct's path unless given.
    :param instance_type: burstable Graviton, medium, unless given.
    :param allocated_storage: GiB; 20 unless given.
    :param max_allocated_storage: GiB up to which storage grows by itself; 100 unless given.
    :param multi_az: whether a standby in another zone takes over; yes unless given.
    :param backup_retention: 7 days unless given.
    :param removal_policy: what becomes of the instance when it is removed: a last snapshot unless given. Secret, key
        and logs are retained unless this is `DESTROY`.
    :param deletion_protection: on unless *removal_policy* is `DESTROY`.
    :param encryption_key: one customer key is made unless given; the policy of an imported one has to admit CloudWatch
        Logs.
    :param log_retention: of the database's and the function's logs; one year unless given.
    :param function_runtime: newest Python runtime that this release was made for unless given.
    :param function_concurrency: invocations that are reserved for the function; 2 unless given, none of the account's
        share where None.
    :param environment_name: becomes part of the roles' path `/rotating-rds/<environment>/` and a tag of the secret;
        neither unless given.
    :raises DeclarationError: if AWS would refuse a value, or the function could not reach Secrets Manager.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        engine: Engine,
        vpc: ec2.IVpc,
        vpc_subnets: ec2.SubnetSelection | None = None,
        secrets_manager_endpoint: ec2.IConnectable | None = None,
        master_username: str = "dbadmin",
        database_name: str | None = None,
        rotation: Rotation | None = None,
        instance_identifier: str | None = None,
        instance_type: ec2.InstanceType | None = None,
        allocated_storage: int = 20,
        max_allocated_storage: int = 100,
        multi_az: bool = True,
        backup_retention: Duration | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.SNAPSHOT,
        deletion_protection: bool | None = None,
        encryption_key: kms.IKey | None = None,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
        function_runtime: lambda_.Runtime = lambda_.Runtime.PYTHON_3_14,
        function_concurrency: int | None = 2,
        environment_name: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        check_region(self)
        subnets = private_subnets(vpc, vpc_subnets)
        check_way_to_secrets_manager(vpc, subnets, secrets_manager_endpoint)
        destroyed = removal_policy is RemovalPolicy.DESTROY
        self._companions = RemovalPolicy.DESTROY if destroyed else RemovalPolicy.RETAIN
        self._role_path = role_path(environment_name)
        self.database_id = checked_identifier(self, instance_identifier)
        self.key = encryption_key or CustomerKey(
            self,
            "Key",
            description=f"Storage, credential and logs of database {self.database_id}",
            removal_policy=self._companions,
        )
        rotation = rotation or Rotation.single_user()
        group = ec2.SecurityGroup(
            self, "SecurityGroup", vpc=vpc, allow_all_outbound=False, description=f"Database {self.database_id}"
        )
        self._connections = ec2.Connections(security_groups=[group], default_port=ec2.Port.tcp(engine.port))
        self.instance = ClosedInstance(
            self,
            "Resource",
            engine=engine,
            identifier=self.database_id,
            username=master_username,
            secret=self._generate_secret(engine, master_username, rotation, environment_name),
            security_group=group,
            encryption_key=self.key,
            log_retention=log_retention,
            log_removal_policy=self._companions,
            vpc=vpc,
            vpc_subnets=subnets,
            database_name=database_name,
            instance_type=instance_type or ec2.InstanceType("t4g.medium"),
            allocated_storage=allocated_storage,
            max_allocated_storage=max_allocated_storage,
            multi_az=multi_az,
            backup_retention=backup_retention or Duration.days(7),
            deletion_protection=not destroyed if deletion_protection is None else deletion_protection,
            removal_policy=removal_policy,
        )
        self.secret = self.instance.attached_secret
        self.rotation_function = RotationFunction(
            self,
            "RotationFunction",
            databases={self.database_id: self._endpoint(database_name)},
            vpc=vpc,
            vpc_subnets=subnets,
            secrets_manager_endpoint=secrets_manager_endpoint,
            encryption_key=self.key,
            runtime=function_runtime,
            reserved_concurrent_executions=function_concurrency,
            log_retention=log_retention,
            removal_policy=self._companions,
            role_path=self._role_path,
        )
        self._connections.allow_default_port_from(self.rotation_function, "Rotation function")
        self._schedule(rotation, after=secrets_manager_endpoint)
        self.grants = Grants(secret=self.secret, key=self.key, connections=self._connections)
        self.metrics = RotationMetrics(function=self.rotation_function.function, database_id=self.database_id)

    @property
    def connections(self) -> ec2.Connections:
        """The database's network side, with its port as the default one."""
        return self._connections

    def add_consumer(self, construct_id: str, compute: Compute) -> ConsumerRole:
        """Make the role of an application that reads the current credential, and may do nothing else.

        :param construct_id: the application's name.
        :param compute: what it runs on, such as `Compute.ecs_task()`.
        """
        role = ConsumerRole(self, construct_id, compute=compute, path=self._role_path)
        self.grants.read_secret(role)
        return role

    def add_alarms(self, *, notify: sns.ITopic | None = None) -> RotationAlarms:
        """Watch the rotation: function errors and throttles, rotations that failed or were given up.

        :param notify: topic that hears of it; an encrypted one is made unless given.
        """
        topic = notify or AlarmTopic(self, "AlarmTopic", removal_policy=self._companions).topic
        return RotationAlarms(self, "Alarms", metrics=self.metrics, secret=self.secret, notify=topic)

    def metric_function_errors(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Return how many steps ended in an error; see :class:`RotationMetrics`."""
        return self.metrics.function_errors(period=period)

    def metric_function_throttles(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Return how many steps found no concurrency left; see :class:`RotationMetrics`."""
        return self.metrics.function_throttles(period=period)

    def metric_step_duration(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Return how long steps took; see :class:`RotationMetrics`."""
        return self.metrics.step_duration(period=period)

    def metric_step_failures(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Return how many steps of this database failed; see :class:`RotationMetrics`."""
        return self.metrics.step_failures(period=period)

    def _generate_secret(
        self, engine: Engine, username: str, rotation: Rotation, environment_name: str | None
    ) -> MasterSecret:
        return MasterSecret(
            self,
            "Secret",
            database_id=self.database_id,
            engine=engine,
            username=engine.check_master_username(username),
            rotation=rotation,
            encryption_key=self.key,
            environment_name=environment_name,
            removal_policy=self._companions,
        )

    def _endpoint(self, database_name: str | None) -> DatabaseEndpoint:
        return DatabaseEndpoint(
            host=self.instance.db_instance_endpoint_address,
            port=self.instance.db_instance_endpoint_port,
            database=database_name,
        )

    def _schedule(self, rotation: Rotation, *, after: ec2.IConnectable | None) -> None:
        permission = self.rotation_function.allow_rotation(self, secret=self.secret, key=self.key)
        # Its logical id is for ever: under another one CloudFormation would make the new schedule, and then remove
        # rotation from the secret when it cleans up the old one.
        schedule = secretsmanager.CfnRotationSchedule(
            self,
            "RotationSchedule",
            secret_id=self.secret.secret_arn,
            rotation_lambda_arn=self.rotation_function.function.function_arn,
            rotation_rules=rotation.rules(),
            rotate_immediately_on_update=rotation.rotate_immediately,
        )
        # Secrets Manager tests the function at once: whatever it needs to reach database and secret comes before.
        schedule.node.add_dependency(permission, self.rotation_function, *self._connections.security_groups)
        if after is not None and Construct.is_construct(after):
            schedule.node.add_dependency(after)

"""The database of an environment, its rotation, its consumer, its alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_rds as rds
from aws_cdk import aws_sns_subscriptions as subscriptions

from rotating_rds import Compute, Engine, RotatingDatabase, Rotation, Schedule
from stacks.acknowledgements import acknowledge_database
from stacks.choices import LOG_RETENTIONS, REMOVAL_POLICIES
from stacks.stack import EnvironmentStack

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_cdk import Stack
    from constructs import Construct

    from rotating_rds.engine import InstanceEngine
    from stacks.network import DatabaseNetwork
    from stacks.settings import Settings


class DatabaseStack(EnvironmentStack):
    """One rotating database with one consumer.

    :param settings: the environment.
    :param locate_network: returns the network, given this stack, which may have to hold references to it.
    """

    def __init__(
        self, scope: Construct, *, settings: Settings, locate_network: Callable[[Stack], DatabaseNetwork]
    ) -> None:
        super().__init__(
            scope, "database", settings=settings, termination_protection=settings.database.deletion_protection
        )
        self.database = self._make_database(settings, locate_network(self))
        acknowledge_database(self.database, settings.database)
        self.alarms = self.database.add_alarms()
        for email in settings.alarms.emails:
            self.alarms.topic.add_subscription(subscriptions.EmailSubscription(email))
        self.consumer = self.database.add_consumer("Application", Compute.ecs_task())
        self._report()

    def _make_database(self, settings: Settings, network: DatabaseNetwork) -> RotatingDatabase:
        wanted = settings.database
        return RotatingDatabase(
            self,
            "Database",
            engine=_postgres(wanted.engine_version),
            vpc=network.vpc,
            vpc_subnets=network.subnets,
            secrets_manager_endpoint=network.secrets_manager_endpoint,
            master_username=wanted.master_username,
            database_name=wanted.name,
            rotation=_rotation(settings),
            instance_identifier=f"rotating-rds-{settings.name}",
            instance_type=ec2.InstanceType(wanted.instance_type),
            allocated_storage=wanted.allocated_storage_gib,
            max_allocated_storage=wanted.max_allocated_storage_gib,
            multi_az=wanted.multi_az,
            backup_retention=Duration.days(wanted.backup_retention_days),
            removal_policy=REMOVAL_POLICIES[wanted.removal],
            deletion_protection=wanted.deletion_protection,
            log_retention=LOG_RETENTIONS[wanted.log_retention_days],
            function_concurrency=settings.rotation.function_concurrency or None,
            environment_name=settings.name,
        )

    def _report(self) -> None:
        outputs = {
            "SecretArn": self.database.secret.secret_arn,
            "EndpointAddress": self.database.instance.db_instance_endpoint_address,
            "EndpointPort": self.database.instance.db_instance_endpoint_port,
            "ConsumerRoleArn": self.consumer.role_arn,
            "ConsumerRoleName": self.consumer.role_name,
            "RotationFunctionName": self.database.rotation_function.function.function_name,
            "AlarmTopicArn": self.alarms.topic.topic_arn,
        }
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)


def _postgres(version: str) -> InstanceEngine:
    return Engine.postgres(rds.PostgresEngineVersion.of(version, version.split(".", 1)[0]))


def _rotation(settings: Settings) -> Rotation:
    hours = settings.rotation.window_hours
    return Rotation.single_user(
        schedule=Schedule(settings.rotation.schedule),
        window=Duration.hours(hours) if hours is not None else None,
        rotate_immediately=settings.rotation.rotate_immediately,
    )

"""Network, database, its users, and their applications."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, CliCredentialsStackSynthesizer, Duration, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_rds as rds

from examples.fastapi_service.infrastructure import FastApiService
from examples.lambda_function.infrastructure import OrderReport
from examples.psycopg_worker.infrastructure import PsycopgWorker
from rotating_rds import Access, Engine, RotatingDatabase, Rotation

if TYPE_CHECKING:
    from constructs import Construct

_EVERY = Duration.days(7)


class Platform(Stack):
    """All of it; everything goes away with the stack.

    :param image_repository: of Amazon ECR, in this account and region, with the service's image.
    :param image_tag: which of them.
    """

    def __init__(self, scope: Construct, construct_id: str, *, image_repository: str, image_tag: str) -> None:
        super().__init__(scope, construct_id, synthesizer=CliCredentialsStackSynthesizer())
        vpc = ec2.Vpc(self, "Vpc", max_azs=2, nat_gateways=1)
        database = RotatingDatabase(
            self,
            "Orders",
            engine=Engine.postgres(rds.PostgresEngineVersion.of("18", "18")),
            vpc=vpc,
            database_name="orders",
            multi_az=False,
            removal_policy=RemovalPolicy.DESTROY,
        )
        # Service and worker share a credential, as they share its rights; a rotation meets both in the same moment.
        orders = database.add_user("orders", access=Access.read_write(), rotation=Rotation.single_user(every=_EVERY))
        reports = database.add_user("reports", access=Access.read_only(), rotation=Rotation.single_user(every=_EVERY))
        migrations = database.add_user("migrations", access=Access.ddl(), rotation=Rotation.admin_reset(every=_EVERY))
        repository = ecr.Repository.from_repository_name(self, "Images", image_repository)
        service = FastApiService(
            self,
            "Service",
            cluster=ecs.Cluster(self, "Cluster", vpc=vpc),
            image=ecs.ContainerImage.from_ecr_repository(repository, image_tag),
            database=database,
            user=orders,
            migrations=migrations,
        )
        report = OrderReport(self, "Report", vpc=vpc, database=database, user=reports)
        worker = PsycopgWorker(self, "Worker", vpc=vpc, database=database, user=orders)
        outputs = {
            "MigrationsSecret": migrations.secret.secret_arn,
            "OrdersSecret": orders.secret.secret_arn,
            "ReportsSecret": reports.secret.secret_arn,
            "MigrationTask": service.migration.task_definition_arn,
            "MigrationRole": service.migration.task_role.role_name,
            "MigrationCommand": service.migration_command,
            "ServiceTask": service.task.task_definition_arn,
            "ServiceRole": service.task.task_role.role_name,
            "ReportFunction": report.function.function_name,
            "WorkerTemplate": worker.template.launch_template_id,
            "WorkerProfile": worker.instance_profile.instance_profile_name,
        }
        for name, value in outputs.items():
            CfnOutput(self, name, value=str(value))

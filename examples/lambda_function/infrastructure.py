"""The function in the database's network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from examples.platform.packaging import python_asset
from rotating_rds import Compute

if TYPE_CHECKING:
    from aws_cdk import aws_ec2 as ec2

    from rotating_rds import DatabaseUser, RotatingDatabase

# pg8000 and what it imports; boto3 and dateutil come with Lambda's runtime.
_PACKAGES = ("pg8000", "scramp", "asn1crypto")


class OrderReport(Construct):
    """A function that counts orders.

    :param user: whose credential it reads; the right to read tables is enough.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, vpc: ec2.IVpc, database: RotatingDatabase, user: DatabaseUser
    ) -> None:
        super().__init__(scope, construct_id)
        role = user.add_consumer("ReportRole", Compute.lambda_function())
        log_group = logs.LogGroup(
            self, "Logs", retention=logs.RetentionDays.ONE_MONTH, removal_policy=RemovalPolicy.DESTROY
        )
        log_group.grant_write(role)
        folder = Path(__file__).parent
        self.function = lambda_.Function(
            self,
            "Function",
            runtime=lambda_.Runtime.PYTHON_3_13,
            handler="app.handler",
            code=lambda_.Code.from_asset(str(folder), **python_asset(folder, packages=_PACKAGES)),
            role=role,
            vpc=vpc,
            environment={"DATABASE_SECRET_ID": user.secret.secret_arn},
            timeout=Duration.seconds(30),  # more than the 15 s for which the client may wait for a rotation
            memory_size=512,
            log_group=log_group,
        )
        database.connections.allow_default_port_from(self.function, "Orders are counted")

"""The worker on one instance, which Auto Scaling replaces when it dies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from examples.platform.packaging import python_asset
from rotating_rds import Compute

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam

    from rotating_rds import DatabaseUser, RotatingDatabase

_HOME = "/opt/psycopg-worker"
_IMAGE = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"


class PsycopgWorker(Construct):
    """An instance that ships orders, in the private subnets of the network.

    :param user: whose credential it reads.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, vpc: ec2.IVpc, database: RotatingDatabase, user: DatabaseUser
    ) -> None:
        super().__init__(scope, construct_id)
        role = user.add_consumer("WorkerRole", Compute.ec2_instance())
        self.instance_profile = cast("iam.InstanceProfile", role.instance_profile)
        folder = Path(__file__).parent
        code = s3_assets.Asset(self, "Code", path=str(folder), **python_asset(folder, into="psycopg_worker"))
        code.grant_read(role)
        self.template = ec2.LaunchTemplate(
            self,
            "Template",
            instance_type=ec2.InstanceType("t3.micro"),
            machine_image=ec2.MachineImage.from_ssm_parameter(_IMAGE),
            instance_profile=self.instance_profile,
            security_group=ec2.SecurityGroup(self, "SecurityGroup", vpc=vpc),
            require_imdsv2=True,
            user_data=self._set_up(code, user),
        )
        database.connections.allow_default_port_from(self.template, "Orders are shipped")
        self.instances = autoscaling.AutoScalingGroup(
            self,
            "Instances",
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
            launch_template=self.template,
            min_capacity=1,
            max_capacity=1,
        )
        self.instances.node.add_dependency(vpc)  # what an instance installs at its first start comes through NAT

    def _set_up(self, code: s3_assets.Asset, user: DatabaseUser) -> ec2.UserData:
        """Return what an instance does at its first start: install the worker, and have systemd run it."""
        script = ec2.UserData.for_linux()
        script.add_commands("set -eux", "dnf install --assumeyes python3.12 unzip")
        archive = script.add_s3_download_command(
            bucket=code.bucket,
            bucket_key=code.s3_object_key,
            local_file="/tmp/worker.zip",  # noqa: S108  # of a new machine
        )
        unit = f"{_HOME}/psycopg_worker/psycopg-worker.service"
        script.add_commands(
            f"unzip -q {archive} -d {_HOME}",
            f"python3.12 -m venv {_HOME}/venv",
            f"{_HOME}/venv/bin/pip install --requirement {_HOME}/psycopg_worker/requirements.in",
            f"echo DATABASE_SECRET_ID={user.secret.secret_arn} > /etc/psycopg-worker.env",
            f"cp {unit} /etc/systemd/system/",
            "systemctl enable --now psycopg-worker",
        )
        return script

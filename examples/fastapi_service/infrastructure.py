"""The service on AWS Fargate, and the task that migrates its database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_logs as logs
from constructs import Construct

from rotating_rds import Compute

if TYPE_CHECKING:
    from rotating_rds import DatabaseUser, RotatingDatabase

_PORT = 8000
_IS_HEALTHY = f"import urllib.request; urllib.request.urlopen('http://127.0.0.1:{_PORT}/health', timeout=2)"


class FastApiService(Construct):
    """Two tasks that serve, in the private subnets of the cluster's network.

    :param image: the container's image, as `examples/fastapi_service/Dockerfile` builds it.
    :param user: whose credential the tasks read.
    :param migrations: whose credential the task reads that makes the tables.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: ecs.ICluster,
        image: ecs.ContainerImage,
        database: RotatingDatabase,
        user: DatabaseUser,
        migrations: DatabaseUser,
    ) -> None:
        super().__init__(scope, construct_id)
        self._image = image
        self._logs = logs.LogGroup(
            self, "Logs", retention=logs.RetentionDays.ONE_MONTH, removal_policy=RemovalPolicy.DESTROY
        )
        self.task = self._task(
            "Task",
            user,
            ["python", "-m", "fastapi_service"],
            port_mappings=[ecs.PortMapping(container_port=_PORT)],
            health_check=ecs.HealthCheck(command=["CMD", "python", "-c", _IS_HEALTHY]),
        )
        self.migration = self._task("Migration", migrations, ["python", "-m", "fastapi_service.migrations"])
        self.service = ecs.FargateService(
            self,
            "Service",
            cluster=cluster,
            task_definition=self.task,
            desired_count=2,
            min_healthy_percent=100,
            circuit_breaker=ecs.DeploymentCircuitBreaker(rollback=True),
        )
        database.connections.allow_default_port_from(self.service, "Orders are stored")
        self.migration_command = self._run_once(self.migration, cluster)

    def _run_once(self, task: ecs.FargateTaskDefinition, cluster: ecs.ICluster) -> str:
        """Return the command that runs a task in the service's network."""
        subnets = cluster.vpc.select_subnets(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS).subnet_ids
        groups = [group.security_group_id for group in self.service.connections.security_groups]
        network = f"awsvpcConfiguration={{subnets=[{','.join(subnets)}],securityGroups=[{','.join(groups)}]}}"
        return (
            f"aws ecs run-task --launch-type FARGATE --cluster {cluster.cluster_name} "
            f"--task-definition {task.task_definition_arn} --network-configuration '{network}'"
        )

    def _task(self, name: str, user: DatabaseUser, command: list[str], **container: Any) -> ecs.FargateTaskDefinition:
        """Return a task under a consumer role of its own, which is told the secret's ARN."""
        task = ecs.FargateTaskDefinition(
            self, name, cpu=256, memory_limit_mib=512, task_role=user.add_consumer(f"{name}Role", Compute.ecs_task())
        )
        task.add_container(
            "Application",
            image=self._image,
            command=command,
            environment={"DATABASE_SECRET_ID": user.secret.secret_arn},
            logging=ecs.LogDrivers.aws_logs(stream_prefix=name, log_group=self._logs),
            readonly_root_filesystem=True,
            stop_timeout=Duration.seconds(30),  # more than the service takes to finish what it has begun
            **container,
        )
        return task

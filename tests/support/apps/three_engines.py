"""An app of somebody else's: a database of each engine, two users each, consumers of every kind; MySQL is watched."""

from __future__ import annotations

from typing import Any

from aws_cdk import App, CfnOutput, CliCredentialsStackSynthesizer, Duration, Environment, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_rds as rds
from aws_cdk.aws_secretsmanager import ReplicaRegion

from rotating_rds import (
    Access,
    AuditTrail,
    Compute,
    Engine,
    ProbeFunction,
    ProvisionFunction,
    RotatingDatabase,
    Rotation,
    RotationFunction,
)

ENGINES = {
    "Postgres": Engine.postgres(rds.PostgresEngineVersion.of("18", "18")),
    "MySql": Engine.mysql(rds.MysqlEngineVersion.of("9.7", "9.7")),
    "MariaDb": Engine.mariadb(rds.MariaDbEngineVersion.of("10.11", "10.11")),
}
PODS = {"namespace": "shop", "service_account": "web"}
COMPUTES = {
    "Service": Compute.ecs_task(),
    "Instance": Compute.ec2_instance(),
    "Function": Compute.lambda_function(),
    "Pods": Compute.eks_pod_identity(cluster_name="main", **PODS),
    "PodsElsewhere": Compute.eks_service_account(issuer="https://oidc.example.com/id/MAIN", **PODS),
    "Batch": Compute.principal(iam.ServicePrincipal("batch.amazonaws.com")),
}
# A role of another account, which reads as well, and one that deploys.
FOREIGN_READER = "arn:aws:iam::111122223333:role/shop-reports"
DEPLOYER = "arn:aws:iam::000000000000:role/shop-deployer"

# Where copies of the users' credentials are.
ELSEWHERE = "us-west-2"


class Shop(Stack):
    """Three databases behind functions that they share.

    :param level: what the readers may do, so that a test can update it.
    """

    def __init__(self, app: App, *, level: str) -> None:
        super().__init__(
            app,
            "shop",
            env=Environment(account="000000000000", region="us-east-1"),
            synthesizer=CliCredentialsStackSynthesizer(),
        )
        self._zones = ["us-east-1a", "us-east-1b"]
        vpc = ec2.Vpc(
            self,
            "Vpc",
            availability_zones=self._zones,
            nat_gateways=0,
            restrict_default_security_group=False,
            subnet_configuration=[ec2.SubnetConfiguration(name="Data", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)],
        )
        endpoint = vpc.add_interface_endpoint(
            "SecretsManager", service=ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER, open=False
        )
        network: dict[str, Any] = {
            "vpc": vpc,
            "vpc_subnets": ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            "secrets_manager_endpoint": endpoint,
        }
        shared: dict[str, Any] = {
            **network,
            "removal_policy": RemovalPolicy.DESTROY,
            "reserved_concurrent_executions": None,
        }
        functions: dict[str, Any] = {
            "rotation_function": RotationFunction(self, "Rotation", **shared),
            "provision_function": ProvisionFunction(self, "Provision", **shared),
            "probe_function": ProbeFunction(self, "Probe", **shared),
        }
        for name, engine in ENGINES.items():
            database = RotatingDatabase(
                self,
                name,
                engine=engine,
                **network,
                **functions,
                database_name="shop",
                instance_identifier=f"shop-{name.lower()}",
                multi_az=False,
                removal_policy=RemovalPolicy.DESTROY,
            )
            self._add_users(database, name, level)
            if name == "MySql":  # whose passwords alone may outlive a rotation
                self._watch(database)

    @property
    def availability_zones(self) -> list[str]:
        """The zones of the network: nothing is looked up."""
        return self._zones

    def _watch(self, database: RotatingDatabase) -> None:
        trail = AuditTrail(self, "Trail", trail_name="shop", removal_policy=RemovalPolicy.DESTROY)
        alarms = database.add_alarms()
        database.add_detection(trusted_services=["cloudformation.amazonaws.com"], trail_log_group=trail.log_group)
        CfnOutput(self, "AlarmTopic", value=alarms.topic.topic_arn)

    def _add_users(self, database: RotatingDatabase, name: str, level: str) -> None:
        schema = "shop"
        web = database.add_user(
            "web",
            access=Access.read_write(schema),
            rotation=Rotation.alternating_users(every=Duration.days(7)),
            replica_regions=[ReplicaRegion(region=ELSEWHERE)],
        )
        readers = {"read_only": Access.read_only(schema), "read_write": Access.read_write(schema)}
        reports = database.add_user(
            "reports",
            access=readers[level],
            rotation=Rotation.admin_reset(every=Duration.days(7)),
            replica_regions=[ReplicaRegion(region=ELSEWHERE)],
        )
        consumers = {
            **{kind: web.add_consumer(kind, compute) for kind, compute in COMPUTES.items()},
            "Reports": reports.add_consumer("Reports", Compute.ecs_task()),
            "Administration": database.add_consumer("Administration", Compute.ecs_task()),
        }
        web.grants.read_secret(iam.ArnPrincipal(FOREIGN_READER))
        web.restrict_reads(deployers=[DEPLOYER], break_glass=[DEPLOYER])
        CfnOutput(self, f"{name}Master", value=database.secret.secret_arn)
        CfnOutput(self, f"{name}Web", value=web.secret.secret_arn)
        CfnOutput(self, f"{name}Reports", value=reports.secret.secret_arn)
        for kind, role in consumers.items():
            CfnOutput(self, f"{name}{kind}Role", value=role.role_name)


def main() -> None:
    """Synthesise what the context asks for."""
    app = App(analytics_reporting=False)
    Shop(app, level=app.node.try_get_context("level") or "read_only")
    app.synth()


if __name__ == "__main__":
    main()

"""The network of an environment: its own, or one that somebody else runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs

from rotating_rds.acknowledgements import acknowledge
from stacks.choices import LOG_RETENTIONS
from stacks.endpoint import make_secrets_manager_endpoint
from stacks.stack import EnvironmentStack

if TYPE_CHECKING:
    from constructs import Construct

    from stacks.settings import Settings
    from stacks.tables import ExistingNetwork, Network

_ISOLATED = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)


@dataclass(frozen=True, kw_only=True)
class DatabaseNetwork:
    """What a database needs to know of its network.

    :param vpc: the network.
    :param subnets: where instance and function are.
    :param secrets_manager_endpoint: the way to Secrets Manager, by its security group.
    """

    vpc: ec2.IVpc
    subnets: ec2.SubnetSelection
    secrets_manager_endpoint: ec2.IConnectable


def existing_network(scope: Construct, network: ExistingNetwork) -> DatabaseNetwork:
    """Return references to a network that somebody else runs; nothing is looked up, so that synthesis stays offline."""
    vpc = ec2.Vpc.from_vpc_attributes(
        scope,
        "Vpc",
        vpc_id=network.vpc_id,
        availability_zones=list(network.availability_zones),
        isolated_subnet_ids=list(network.subnet_ids),
    )
    acknowledge(
        vpc,
        "Annotation::@aws-cdk/aws-ec2:noSubnetRouteTableId",
        "Nothing is routed here: instance and function are put into the subnets as they are.",
    )
    return DatabaseNetwork(
        vpc=vpc,
        subnets=_ISOLATED,
        secrets_manager_endpoint=ec2.SecurityGroup.from_security_group_id(
            scope, "SecretsManagerEndpoint", network.endpoint_security_group_id
        ),
    )


class NetworkStack(EnvironmentStack):
    """Isolated subnets, flow logs, and an interface endpoint as the only way out: to Secrets Manager.

    :param settings: the environment.
    :param network: its table `[network]`.
    """

    def __init__(self, scope: Construct, *, settings: Settings, network: Network) -> None:
        super().__init__(scope, "network", settings=settings)
        self._zones = list(network.availability_zones)
        vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(network.cidr),
            availability_zones=self._zones,
            subnet_configuration=[
                ec2.SubnetConfiguration(name="Database", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
            ],
            nat_gateways=0,
            restrict_default_security_group=network.close_default_security_group,
        )
        acknowledge(
            vpc,
            "CloudFormation-Validate::W3010",
            "Zones are named in the environment's settings on purpose: a looked-up list may change, and move subnets.",
        )
        self._log_flows(vpc, settings)
        self.network = DatabaseNetwork(
            vpc=vpc,
            subnets=_ISOLATED,
            secrets_manager_endpoint=make_secrets_manager_endpoint(self, vpc, _ISOLATED, settings.name),
        )

    @property
    def availability_zones(self) -> list[str]:
        """The zones of the settings: the CDK would look them up with credentials otherwise."""
        return self._zones

    def _log_flows(self, vpc: ec2.Vpc, settings: Settings) -> None:
        group = logs.LogGroup(
            self,
            "FlowLogGroup",
            retention=LOG_RETENTIONS[settings.database.log_retention_days],
            removal_policy=RemovalPolicy.DESTROY if settings.database.removal == "destroy" else RemovalPolicy.RETAIN,
        )
        role = iam.Role(
            self,
            "FlowLogRole",
            assumed_by=iam.ServicePrincipal(
                "vpc-flow-logs.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": self.account}}
            ),
            path=f"/rotating-rds/{settings.name}/",
            description="Writes the flow log of the database network",
        )
        vpc.add_flow_log("FlowLog", destination=ec2.FlowLogDestination.to_cloud_watch_logs(group, role))

"""The network of an environment: its own, or one that somebody else runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs

from rotating_rds.acknowledgements import acknowledge, acknowledge_inline_policies
from rotating_rds.encryption import CustomerKey, admit_logs_named_by_stack
from stacks.acknowledgements import acknowledge_default_group, acknowledge_gateway
from stacks.choices import LOG_RETENTIONS, companions
from stacks.endpoint import make_secrets_manager_endpoint
from stacks.stack import EnvironmentStack

if TYPE_CHECKING:
    from constructs import Construct

    from stacks.settings import Settings
    from stacks.tables import ExistingNetwork, Network

_ISOLATED = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
_WITH_NAT = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)
_HTTPS = ec2.Port.tcp(443)


@dataclass(frozen=True, kw_only=True)
class DatabaseNetwork:
    """What a database needs to know of its network.

    :param vpc: the network.
    :param subnets: where servers are.
    :param function_subnets: where functions are.
    :param secrets_manager_endpoint: the way to Secrets Manager, by its security group; None where that is NAT.
    :param is_ours: whether the endpoint lets in whom an environment names.
    """

    vpc: ec2.IVpc
    subnets: ec2.SubnetSelection
    function_subnets: ec2.SubnetSelection
    secrets_manager_endpoint: ec2.IConnectable | None
    is_ours: bool = False

    def admit_to_endpoint(self, peer: ec2.IPeer, why: str) -> None:
        """Let an application use the environment's own endpoint, to which the service's name leads in this network."""
        if self.is_ours and self.secrets_manager_endpoint is not None:
            self.secrets_manager_endpoint.connections.allow_from(peer, _HTTPS, why)


def existing_network(scope: Construct, network: ExistingNetwork) -> DatabaseNetwork:
    """Return references to a network that somebody else runs; nothing is looked up, so that synthesis stays offline."""
    group, subnets = network.endpoint_security_group_id, list(network.subnet_ids)
    vpc = ec2.Vpc.from_vpc_attributes(
        scope,
        "Vpc",
        vpc_id=network.vpc_id,
        availability_zones=list(network.availability_zones),
        isolated_subnet_ids=subnets if group else None,
        private_subnet_ids=None if group else subnets,
    )
    acknowledge(
        vpc,
        "Annotation::@aws-cdk/aws-ec2:noSubnetRouteTableId",
        "Nothing is routed here: instance and function are put into the subnets as they are.",
    )
    chosen = _ISOLATED if group else _WITH_NAT
    return DatabaseNetwork(
        vpc=vpc,
        subnets=chosen,
        function_subnets=chosen,
        secrets_manager_endpoint=(
            ec2.SecurityGroup.from_security_group_id(scope, "SecretsManagerEndpointGroup", group) if group else None
        ),
    )


class NetworkStack(EnvironmentStack):
    """Isolated subnets, flow logs, and one way out: an interface endpoint of Secrets Manager, or NAT for functions.

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
            subnet_configuration=_subnets(network),
            nat_gateways=network.nat_gateways,
            restrict_default_security_group=network.close_default_security_group,
        )
        acknowledge(
            vpc,
            "CloudFormation-Validate::W3010",
            "Zones are named in the environment's settings on purpose: a looked-up list may change, and move subnets.",
        )
        self._log_flows(vpc, settings)
        if not network.close_default_security_group:
            acknowledge_default_group(vpc)
        if network.nat_gateways:
            acknowledge_gateway(vpc)
        self.network = DatabaseNetwork(
            vpc=vpc,
            subnets=_ISOLATED,
            function_subnets=_WITH_NAT if network.nat_gateways else _ISOLATED,
            secrets_manager_endpoint=(
                None if network.nat_gateways else make_secrets_manager_endpoint(self, vpc, _ISOLATED, settings.name)
            ),
            is_ours=True,
        )

    @property
    def availability_zones(self) -> list[str]:
        """The zones of the settings: the CDK would look them up with credentials otherwise."""
        return self._zones

    def _log_flows(self, vpc: ec2.Vpc, settings: Settings) -> None:
        removal = companions(settings.defaults.removal)
        key = CustomerKey(self, "Key", description="Flow log of the database network", removal_policy=removal)
        admit_logs_named_by_stack(key, self)
        group = logs.LogGroup(
            self,
            "FlowLogGroup",
            retention=LOG_RETENTIONS[settings.defaults.log_retention_days],
            encryption_key=key,
            removal_policy=removal,
        )
        role = iam.Role(
            self,
            "FlowLogRole",
            assumed_by=iam.ServicePrincipal(
                "vpc-flow-logs.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": self.account}}
            ),
            path=settings.role_path,
            description="Writes the flow log of the database network",
        )
        vpc.add_flow_log("FlowLog", destination=ec2.FlowLogDestination.to_cloud_watch_logs(group, role))
        acknowledge_inline_policies(role)


def _subnets(network: Network) -> list[ec2.SubnetConfiguration]:
    databases = ec2.SubnetConfiguration(name="Database", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
    if not network.nat_gateways:
        return [databases]
    return [
        databases,
        ec2.SubnetConfiguration(name="Function", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
        ec2.SubnetConfiguration(name="Gateway", subnet_type=ec2.SubnetType.PUBLIC, map_public_ip_on_launch=False),
    ]

"""The private way to Secrets Manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

from rotating_rds import contract

if TYPE_CHECKING:
    from constructs import Construct


def make_secrets_manager_endpoint(
    scope: Construct, vpc: ec2.Vpc, subnets: ec2.SubnetSelection, environment_name: str
) -> ec2.InterfaceVpcEndpoint:
    """Make an interface endpoint that is open to named groups only and serves one environment's secrets.

    :param scope: the stack of the network.
    :param vpc: the network, whose resolver answers for the service's public name.
    :param subnets: where the endpoint's addresses are.
    :param environment_name: the environment, as the secrets' tags name it.
    """
    group = ec2.SecurityGroup(
        scope,
        "SecretsManagerEndpointGroup",
        vpc=vpc,
        allow_all_outbound=False,
        description="Secrets Manager endpoint: open to named groups only",
    )
    endpoint = vpc.add_interface_endpoint(
        "SecretsManagerEndpoint",
        service=ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
        private_dns_enabled=True,
        open=False,
        security_groups=[group],
        subnets=subnets,
    )
    endpoint.add_to_policy(_policy(Stack.of(scope), environment_name))
    return endpoint


def _policy(stack: Stack, environment_name: str) -> iam.PolicyStatement:
    """Let this account's principals use this environment's secrets, so that no other data leaves this way."""
    return iam.PolicyStatement(
        principals=[iam.AnyPrincipal()],
        actions=[
            "secretsmanager:DescribeSecret",
            "secretsmanager:GetSecretValue",
            "secretsmanager:ListSecretVersionIds",
            "secretsmanager:PutSecretValue",
            "secretsmanager:UpdateSecretVersionStage",
        ],
        resources=[
            stack.format_arn(
                service="secretsmanager", resource="secret", resource_name="*", arn_format=ArnFormat.COLON_RESOURCE_NAME
            )
        ],
        conditions={
            "StringEquals": {
                "aws:PrincipalAccount": stack.account,
                f"aws:ResourceTag/{contract.ENVIRONMENT_TAG}": environment_name,
            }
        },
    )

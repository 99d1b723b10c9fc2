"""What a function in a VPC has to be allowed for Lambda's sake, and denied for its own code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam

from rotating_rds.acknowledgements import AWS_SOLUTIONS, acknowledge

if TYPE_CHECKING:
    from constructs import Construct

# What Lambda needs to put a function into a VPC ("Giving Lambda functions access to resources in an Amazon VPC"), on
# every resource: the interfaces have no ARN before Lambda makes them.
_ACTIONS = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)


def allow_network_interfaces(role: iam.Role) -> None:
    """Let Lambda put the function of *role* into a VPC; the function's code cannot use what that takes."""
    role.add_to_policy(iam.PolicyStatement(sid="NetworkInterfaces", actions=list(_ACTIONS), resources=["*"]))
    role.add_to_policy(_keep_from_code(role))
    acknowledge(
        role,
        f"{AWS_SOLUTIONS}IAM5[Resource::*]",
        "The network interfaces that Lambda makes for the function have no ARN in advance, and the function's own "
        "code is denied everything about them; traces, where they are recorded, have none at all.",
    )


def _keep_from_code(scope: Construct) -> iam.PolicyStatement:
    """Deny the code what the service needs: the key is present in calls with the function's own credentials."""
    functions = Stack.of(scope).format_arn(
        service="lambda", resource="function", resource_name="*", arn_format=ArnFormat.COLON_RESOURCE_NAME
    )
    return iam.PolicyStatement(
        sid="NetworkInterfacesAreNotForCode",
        effect=iam.Effect.DENY,
        actions=list(_ACTIONS),
        resources=["*"],
        conditions={"ArnLike": {"lambda:SourceFunctionArn": functions}},
    )

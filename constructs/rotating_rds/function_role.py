"""What a function of ours may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam

from rotating_rds.acknowledgements import AWS_SOLUTIONS, acknowledge
from rotating_rds.grants import key_use

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_logs as logs
    from aws_cdk import aws_secretsmanager as secretsmanager
    from constructs import Construct

# What Lambda needs to put a function into a VPC ("Giving Lambda functions access to resources in an Amazon VPC"), on
# every resource: the interfaces have no ARN before Lambda makes them.
_NETWORK_INTERFACE_ACTIONS = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)


class FunctionRole(iam.Role):
    """A function's role: its own log, and the secrets that were allowed.

    :param description: what the function does.
    :param path: IAM path, which detection matches on.
    :param log_group: the function's log group.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, description: str, path: str, log_group: logs.ILogGroup
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            path=path,
            description=description,
        )
        self._readable: set[str] = set()
        log_group.grant_write(self)
        self.add_to_policy(
            iam.PolicyStatement(sid="NetworkInterfaces", actions=list(_NETWORK_INTERFACE_ACTIONS), resources=["*"])
        )
        self.add_to_policy(self._keep_interfaces_from_code())
        acknowledge(
            self,
            f"{AWS_SOLUTIONS}IAM5[Resource::*]",
            "The network interfaces that Lambda makes for the function have no ARN in advance, and the function's own "
            "code is denied everything about them; traces, where they are recorded, have none at all.",
        )

    def allow_rotation(self, secret: secretsmanager.ISecret, key: kms.IKey | None) -> None:
        """Let the function read and write *secret*, and use *key* for that secret only."""
        iam.Grant.add_to_principal(
            grantee=self,
            actions=[
                "secretsmanager:DescribeSecret",
                "secretsmanager:GetSecretValue",
                "secretsmanager:PutSecretValue",
                "secretsmanager:UpdateSecretVersionStage",
            ],
            resource_arns=[secret.secret_arn],
        )
        key_use(self, key, secret, "kms:Decrypt", "kms:GenerateDataKey")

    def allow_reading(self, secret: secretsmanager.ISecret, key: kms.IKey | None) -> None:
        """Let the function read the current value of *secret*, and use *key* for that; asking twice adds nothing."""
        if secret.node.addr in self._readable:
            return
        self._readable.add(secret.node.addr)
        iam.Grant.add_to_principal(
            grantee=self,
            actions=["secretsmanager:GetSecretValue"],
            resource_arns=[secret.secret_arn],
            conditions={"StringEquals": {"secretsmanager:VersionStage": "AWSCURRENT"}},
        )
        key_use(self, key, secret, "kms:Decrypt")

    def _keep_interfaces_from_code(self) -> iam.PolicyStatement:
        """Deny the code what the service needs: the key is present in calls with the function's own credentials."""
        functions = Stack.of(self).format_arn(
            service="lambda", resource="function", resource_name="*", arn_format=ArnFormat.COLON_RESOURCE_NAME
        )
        return iam.PolicyStatement(
            sid="NetworkInterfacesAreNotForCode",
            effect=iam.Effect.DENY,
            actions=list(_NETWORK_INTERFACE_ACTIONS),
            resources=["*"],
            conditions={"ArnLike": {"lambda:SourceFunctionArn": functions}},
        )

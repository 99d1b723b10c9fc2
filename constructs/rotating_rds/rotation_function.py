"""The Lambda function that rotates credentials: its log, its place in the network, who invokes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jsii
from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from rotating_rds import contract
from rotating_rds.bundle import function_code
from rotating_rds.encryption import admit_logs_named_by_stack
from rotating_rds.rotation_role import RotationRole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotating_rds.contract import DatabaseEndpoint

_HTTPS = ec2.Port.tcp(443)


@jsii.implements(ec2.IConnectable)
class RotationFunction(Construct):
    """The rotation function: may reach what it rotates and Secrets Manager, and nothing else.

    :param databases: database id to endpoint; the only places the function ever connects to.
    :param vpc: the network of the databases.
    :param vpc_subnets: where the function's network interfaces are.
    :param secrets_manager_endpoint: interface endpoint of Secrets Manager, or its security group; any address on port
        443 unless given, for subnets with a way out.
    :param encryption_key: key of the function's log group; CloudWatch Logs' own unless given.
    :param runtime: Python runtime; the newest that this release was made for unless given.
    :param memory_size: MiB; 512 unless given, since the processor's share grows with it.
    :param timeout: time for one step; 3 minutes unless given, so that a step outlasts a failover.
    :param reserved_concurrent_executions: 2 unless given: a rotation is one invocation at a time, and a retry may
        overlap with one that hangs. None takes the function's share from the account's pool.
    :param log_retention: one year unless given.
    :param removal_policy: what becomes of the log group; retained unless given.
    :param role_path: IAM path of the function's role.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        databases: Mapping[str, DatabaseEndpoint],
        vpc: ec2.IVpc,
        vpc_subnets: ec2.SubnetSelection,
        secrets_manager_endpoint: ec2.IConnectable | None = None,
        encryption_key: kms.IKey | None = None,
        runtime: lambda_.Runtime = lambda_.Runtime.PYTHON_3_14,
        memory_size: int = 512,
        timeout: Duration | None = None,
        reserved_concurrent_executions: int | None = 2,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
        role_path: str = "/rotating-rds/",
    ) -> None:
        super().__init__(scope, construct_id)
        if encryption_key is not None:
            admit_logs_named_by_stack(encryption_key, self)
        self.log_group = logs.LogGroup(
            self, "LogGroup", retention=log_retention, encryption_key=encryption_key, removal_policy=removal_policy
        )
        self.role = RotationRole(self, "Role", path=role_path, log_group=self.log_group)
        self.security_group = self._make_security_group(vpc, secrets_manager_endpoint)
        self._connections = ec2.Connections(security_groups=[self.security_group])
        self.function = lambda_.Function(
            self,
            "Resource",
            description="Rotates the credentials of " + ", ".join(databases),
            code=function_code(),
            handler=contract.HANDLER,
            runtime=runtime,
            memory_size=memory_size,
            timeout=timeout or Duration.minutes(3),
            reserved_concurrent_executions=reserved_concurrent_executions,
            role=self.role,
            environment={contract.DATABASES_VARIABLE: self._rendered(databases)},
            vpc=vpc,
            vpc_subnets=vpc_subnets,
            security_groups=[self.security_group],
            log_group=self.log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            application_log_level_v2=lambda_.ApplicationLogLevel.INFO,
            system_log_level_v2=lambda_.SystemLogLevel.INFO,
        )

    @property
    def connections(self) -> ec2.Connections:
        """The function's network side."""
        return self._connections

    def allow_rotation(
        self, scope: Construct, *, secret: secretsmanager.ISecret, key: kms.IKey
    ) -> lambda_.CfnPermission:
        """Let the function rotate *secret*, and Secrets Manager invoke it for that.

        :param scope: where the permission is made: beside the secret.
        :param secret: the credential.
        :param key: the key that encrypts it.
        :return: the permission, on which a schedule has to depend: Secrets Manager tries it at once.
        """
        self.role.allow_rotation(secret, key)
        # Without source account and ARN, anyone's secret could have this function invoked (confused deputy).
        return lambda_.CfnPermission(
            scope,
            "InvokePermission",
            action="lambda:InvokeFunction",
            function_name=self.function.function_arn,
            principal="secretsmanager.amazonaws.com",
            source_account=Stack.of(self).account,
            source_arn=secret.secret_arn,
        )

    def _rendered(self, databases: Mapping[str, DatabaseEndpoint]) -> str:
        return Stack.of(self).to_json_string({name: endpoint.rendered() for name, endpoint in databases.items()})

    def _make_security_group(self, vpc: ec2.IVpc, endpoint: ec2.IConnectable | None) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            self,
            "SecurityGroup",
            vpc=vpc,
            allow_all_outbound=False,
            description="Rotation function of database credentials",
        )
        if endpoint is None:
            group.add_egress_rule(ec2.Peer.any_ipv4(), _HTTPS, "Secrets Manager, by its public address")
            return group
        # EC2 lets a group out everywhere that is made without a rule in its own template entry; rules that name other
        # groups are entries of their own.
        group.add_egress_rule(ec2.Peer.ipv4("127.0.0.1/32"), _HTTPS, "Stands for no way out")
        group.connections.allow_to(endpoint, _HTTPS, "Secrets Manager")
        return group

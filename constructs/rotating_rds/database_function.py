"""A Lambda function beside the databases: its code, its log, its place in the network."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import jsii
from aws_cdk import Duration, RemovalPolicy, Stack, Token
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from rotating_rds import contract
from rotating_rds.acknowledgements import acknowledge_inline_policies, acknowledge_missing_queues
from rotating_rds.bundle import function_code
from rotating_rds.encryption import admit_logs, admit_logs_named_by_stack
from rotating_rds.errors import DeclarationError
from rotating_rds.function_logs import kept_unless_rolled_back
from rotating_rds.function_role import FunctionRole

if TYPE_CHECKING:
    from rotating_rds.contract import DatabaseEndpoint

_HTTPS = ec2.Port.tcp(443)
# Of a function's environment, by the quotas of Lambda; what is known at deployment only is taken for its longest.
_ENVIRONMENT_BYTES = 4096
_LONGEST_HOST = len(".cluster-0123456789ab.ap-southeast-4.rds.amazonaws.com")
_LONGEST_PORT = 5


@jsii.implements(ec2.IConnectable)
class DatabaseFunction(Construct):
    """A function of the bundle: may reach the databases that were added and Secrets Manager, and nothing else.

    :param vpc: the network of the databases.
    :param vpc_subnets: where the function's network interfaces are.
    :param secrets_manager_endpoint: interface endpoint of Secrets Manager, or its security group; any address on port
        443 unless given, for subnets with a way out.
    :param encryption_key: key of the function's environment and log group; AWS's own keys unless given.
    :param runtime: Python runtime; the newest that this release was made for unless given.
    :param memory_size: MiB; 512 unless given, since the processor's share grows with it.
    :param timeout: time for one invocation; 3 minutes unless given, so that it outlasts a failover.
    :param reserved_concurrent_executions: 2 unless given. None takes the function's share from the account's pool.
    :param tracing: whether AWS X-Ray records invocations, which hold no value of a secret; no unless given.
    :param log_group_prefix: of the names of log groups, such as `/rotating-rds/orders`, by which a dashboard finds
        them; CloudFormation names them unless given.
    :param log_retention: one year unless given.
    :param removal_policy: what becomes of the log group; retained unless given.
    :param role_path: IAM path of the function's role.
    :cvar handler: in the bundle.
    :cvar purpose: what it does, for people.
    :cvar log_name: the end of its log group's name.
    """

    handler: ClassVar[str]
    purpose: ClassVar[str]
    log_name: ClassVar[str]

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        vpc_subnets: ec2.SubnetSelection,
        secrets_manager_endpoint: ec2.IConnectable | None = None,
        encryption_key: kms.IKey | None = None,
        runtime: lambda_.Runtime = lambda_.Runtime.PYTHON_3_14,
        memory_size: int = 512,
        timeout: Duration | None = None,
        reserved_concurrent_executions: int | None = 2,
        tracing: bool = False,
        log_group_prefix: str | None = None,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
        role_path: str = "/rotating-rds/",
    ) -> None:
        super().__init__(scope, construct_id)
        self._endpoints: dict[str, DatabaseEndpoint] = {}
        self._role_path = role_path
        self._encryption_key = encryption_key
        self._concurrency = reserved_concurrent_executions
        self.secrets_manager_endpoint = secrets_manager_endpoint
        if encryption_key is not None:
            # Groups of an earlier version have no other name: their key still has to open them.
            admit_logs_named_by_stack(encryption_key, self)
            if log_group_prefix is not None:
                admit_logs(encryption_key, self, f"{log_group_prefix}/*")
        self._make_log_group = partial(
            _make_log_group,
            self,
            prefix=log_group_prefix,
            retention=log_retention,
            encryption_key=encryption_key,
            removal_policy=kept_unless_rolled_back(removal_policy),
        )
        self.log_group = self._make_log_group("LogGroup", self.log_name)
        acknowledge_inline_policies(self)
        acknowledge_missing_queues(self)
        self.role = FunctionRole(self, "Role", description=self.purpose, path=role_path, log_group=self.log_group)
        self.security_group = self._make_security_group(vpc, secrets_manager_endpoint)
        self._connections = ec2.Connections(security_groups=[self.security_group])
        self.function = lambda_.Function(
            self,
            "Resource",
            description=self.purpose,
            code=function_code(),
            handler=self.handler,
            runtime=runtime,
            memory_size=memory_size,
            timeout=timeout or Duration.minutes(3),
            reserved_concurrent_executions=reserved_concurrent_executions,
            tracing=lambda_.Tracing.ACTIVE if tracing else lambda_.Tracing.DISABLED,
            environment_encryption=encryption_key,
            role=self.role,
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

    def add_database(self, database_id: str, endpoint: DatabaseEndpoint, connections: ec2.Connections) -> None:
        """Let the function connect to a database: nothing else tells it where one is.

        :param database_id: as the tags of its secrets name it.
        :param endpoint: where it listens.
        :param connections: the database's network side; its default port is opened for the function.
        :raises DeclarationError: if the environment of the function has no room left for it.
        """
        if database_id in self._endpoints:
            return
        connections.allow_default_port_from(self, self.purpose)
        self._endpoints[database_id] = endpoint
        self._check_room(database_id)
        rendered = {name: endpoint.rendered() for name, endpoint in self._endpoints.items()}
        self.function.add_environment(contract.DATABASES_VARIABLE, Stack.of(self).to_json_string(rendered))

    def _check_room(self, database_id: str) -> None:
        size = len(contract.DATABASES_VARIABLE) + sum(_size(*entry) for entry in self._endpoints.items())
        if size > _ENVIRONMENT_BYTES:
            raise DeclarationError(
                f"{self.node.path!r} serves {len(self._endpoints)} databases with {database_id!r}, for which its "
                f"environment may need {size} of the {_ENVIRONMENT_BYTES} bytes that Lambda gives one: make another "
                "function for some of them."
            )

    def _make_security_group(self, vpc: ec2.IVpc, endpoint: ec2.IConnectable | None) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            self,
            "SecurityGroup",
            vpc=vpc,
            allow_all_outbound=False,
            description=f"{self.purpose}: function",
        )
        if endpoint is None:
            group.add_egress_rule(ec2.Peer.any_ipv4(), _HTTPS, "Secrets Manager, by its public address")
            return group
        # EC2 lets a group out everywhere that is made without a rule in its own template entry; rules that name other
        # groups are entries of their own.
        group.add_egress_rule(ec2.Peer.ipv4("127.0.0.1/32"), _HTTPS, "Stands for no way out")
        group.connections.allow_to(endpoint, _HTTPS, "Secrets Manager")
        return group


def _make_log_group(
    scope: Construct, construct_id: str, name: str, *, prefix: str | None, **props: Any
) -> logs.LogGroup:
    return logs.LogGroup(scope, construct_id, log_group_name=prefix and f"{prefix}/{name}", **props)


def _size(database_id: str, endpoint: DatabaseEndpoint) -> int:
    known = {
        key: "0" * _LONGEST_PORT if key == "port" else f"{database_id}{'x' * _LONGEST_HOST}"
        for key, value in endpoint.rendered().items()
        if Token.is_unresolved(value)
    }
    return len(f'"{database_id}":{{}},') + sum(
        len(f'"{key}":"{known.get(key, value)}",') for key, value in endpoint.rendered().items()
    )

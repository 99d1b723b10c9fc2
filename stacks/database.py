"""A database of an environment: server, rotation, users, consumers, alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from constructs import Construct

from rotating_rds import ConsumerRole, ProbeFunction, ProvisionFunction, RotationFunction
from rotating_rds.encryption import CustomerKey
from rotating_rds.function_logs import log_group_prefix
from stacks.acknowledgements import acknowledge_database
from stacks.choices import LOG_RETENTIONS, companions
from stacks.key_path import refusals_name
from stacks.outputs import Outputs
from stacks.servers import make_server
from stacks.stack import EnvironmentStack, trusted_roles, trusted_services
from stacks.users import add_consumer, add_user, construct_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from aws_cdk import Stack
    from aws_cdk import aws_logs as logs
    from aws_cdk import aws_sns as sns

    from rotating_rds import DatabaseUser, RotatingCluster, RotatingDatabase
    from stacks.network import DatabaseNetwork
    from stacks.settings import Settings
    from stacks.tables import Consumer, Database


class DatabaseStack(EnvironmentStack):
    """One database, or all of an environment's where they share functions.

    :param part: what the stack's name ends with.
    :param settings: the environment.
    :param databases: the tables, by their numbers in the file.
    :param locate_network: returns the network, given this stack, which may have to hold references to it.
    :param notify: hears of alarms.
    :param trail_log_group: of the environment's trail.
    """

    def __init__(
        self,
        scope: Construct,
        part: str,
        *,
        settings: Settings,
        databases: Mapping[int, Database],
        locate_network: Callable[[Stack], DatabaseNetwork],
        notify: sns.ITopic,
        trail_log_group: logs.ILogGroup,
    ) -> None:
        super().__init__(
            scope,
            part,
            settings=settings,
            termination_protection=any(wanted.is_protected for wanted in databases.values()),
        )
        self._settings = settings
        self._network = locate_network(self)
        self._notify = notify
        self._trail_log_group = trail_log_group
        functions = self._shared_functions() if settings.functions.shared else {}
        for number, wanted in databases.items():
            self._declare(f"databases[{number}]", wanted, functions)

    def _shared_functions(self) -> dict[str, Any]:
        """Make one function for rotations, one for examinations, and one for users if there are any."""
        settings, wanted = self._settings, self._settings.functions
        removal = companions(settings.defaults.removal)
        props: dict[str, Any] = {
            "vpc": self._network.vpc,
            "vpc_subnets": self._network.function_subnets,
            "secrets_manager_endpoint": self._network.secrets_manager_endpoint,
            "encryption_key": CustomerKey(self, "Key", description="Functions for databases", removal_policy=removal),
            "reserved_concurrent_executions": wanted.concurrency or None,
            "tracing": wanted.tracing,
            "log_group_prefix": log_group_prefix(settings.shared_functions),
            "log_retention": LOG_RETENTIONS[settings.defaults.log_retention_days],
            "removal_policy": removal,
            "role_path": settings.role_path,
        }
        functions: dict[str, Any] = {
            "rotation_function": RotationFunction(self, "RotationFunction", **props),
            "probe_function": ProbeFunction(self, "ProbeFunction", **props),
        }
        if any(database.users for database in settings.databases):
            functions["provision_function"] = ProvisionFunction(self, "ProvisionFunction", **props)
        return functions

    def _declare(self, key: str, wanted: Database, functions: Mapping[str, Any]) -> None:
        name = construct_id(wanted.name)
        database = make_server(
            Construct(self, name) if functions else self,
            key=key,
            wanted=wanted,
            settings=self._settings,
            network=self._network,
            functions=functions,
        )
        acknowledge_database(database, wanted)
        database.add_alarms(notify=self._notify)
        with refusals_name("detection"):
            database.add_detection(
                trusted=trusted_roles(self, self._settings),
                trusted_services=trusted_services(self._settings),
                trail_log_group=self._trail_log_group,
            )
        outputs = Outputs(stack=self, key=key, prefix=name if functions else "")
        outputs.add(
            EndpointAddress=database.endpoint.host,
            EndpointPort=database.endpoint.port,
            SecretArn=database.secret.secret_arn,
            RotationFunctionName=database.rotation_function.function.function_name,
            ProbeFunctionName=database.probe_function.function.function_name,
        )
        # Users first: consumers choose their own ids, and must not take one that is the library's.
        users = [add_user(database, f"{key}.users[{number}]", user) for number, user in enumerate(wanted.users)]
        if users:
            outputs.add(ProvisionFunctionName=database.provision_function.function.function_name)
        self._add_consumers(database, database, wanted.consumers, key, outputs)
        for number, (user, made) in enumerate(zip(wanted.users, users, strict=True)):
            of_user = outputs.below(f"User{construct_id(user.name)}")
            of_user.add(SecretArn=made.secret.secret_arn)
            self._add_consumers(database, made, user.consumers, f"{key}.users[{number}]", of_user)
        # The policy of a secret that RDS manages is RDS's own.
        master = [] if wanted.rotation.strategy == "managed_by_rds" else [database]
        self._restrict([*master, *users])

    def _restrict(self, owners: Iterable[RotatingDatabase | RotatingCluster | DatabaseUser]) -> None:
        wanted = self._settings.restrict_reads
        if wanted is None:
            return
        for owner in owners:
            with refusals_name("restrict_reads"):
                owner.restrict_reads(deployers=wanted.deployers, break_glass=wanted.break_glass)

    def _add_consumers(
        self,
        database: RotatingDatabase | RotatingCluster,
        owner: RotatingDatabase | RotatingCluster | DatabaseUser,
        consumers: Sequence[Consumer],
        key: str,
        outputs: Outputs,
    ) -> None:
        for number, consumer in enumerate(consumers):
            role = add_consumer(owner, f"{key}.consumers[{number}]", consumer, database=database, network=self._network)
            of_consumer = outputs.below(construct_id(consumer.name))
            of_consumer.add(RoleArn=role.role_arn, RoleName=role.role_name)
            if isinstance(role, ConsumerRole) and role.instance_profile is not None:
                of_consumer.add(InstanceProfileName=role.instance_profile.instance_profile_name)

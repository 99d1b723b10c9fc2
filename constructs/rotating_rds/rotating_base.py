"""What every rotating database has, whether an instance or a cluster, made here or adopted."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

import jsii
from aws_cdk import Duration, Fn, RemovalPolicy, Token
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from constructs import Construct

from rotating_rds import contract
from rotating_rds.access import Access
from rotating_rds.acknowledgements import acknowledge_inline_policies, acknowledge_missing_queues
from rotating_rds.alarm_topic import AlarmTopic
from rotating_rds.alarms import RotationAlarms
from rotating_rds.contract import DatabaseEndpoint
from rotating_rds.credential import Credential
from rotating_rds.credential_probe import CredentialProbe
from rotating_rds.credential_secret import CredentialSecret
from rotating_rds.database_function import DatabaseFunction
from rotating_rds.database_user import DatabaseUser
from rotating_rds.detection import CredentialDetection
from rotating_rds.encryption import CustomerKey
from rotating_rds.errors import DeclarationError
from rotating_rds.findings import Severity
from rotating_rds.function_logs import log_group_prefix
from rotating_rds.identity import role_path
from rotating_rds.metrics import RotationMetrics
from rotating_rds.probe_function import ProbeFunction
from rotating_rds.provision_function import ProvisionFunction
from rotating_rds.regions import check_region
from rotating_rds.replicas import check_replica_regions
from rotating_rds.restricted_reads import restrict_reads
from rotating_rds.rotation import Rotation
from rotating_rds.rotation_function import RotationFunction
from rotating_rds.rotation_schedule import schedule_rotation
from rotating_rds.secret_names import made_secret
from rotating_rds.server_events import subscribe_to_server_events
from rotating_rds.subnets import check_way_to_secrets_manager, private_subnets
from rotating_rds.thresholds import Thresholds
from rotating_rds.usernames import Usernames

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rotating_rds.compute import Compute
    from rotating_rds.consumer import ConsumerRole
    from rotating_rds.engine import Engine
    from rotating_rds.grants import Grants
    from rotating_rds.shared_props import Shared

_Function = TypeVar("_Function", bound=DatabaseFunction)


@jsii.implements(ec2.IConnectable)
class RotatingBase(Construct):
    """A database and its credentials; made as :class:`RotatingDatabase` or :class:`RotatingCluster`.

    A subclass makes the server between `super().__init__()` and :meth:`_attach`.

    :param engine: of the server.
    :param vpc: its network.
    :param identify: returns the server's identifier, given this construct; it is the database id of the functions'
        environment, of tags and of metrics as well.
    :param shared: what adopters said beside.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        engine: Engine,
        vpc: ec2.IVpc,
        identify: Callable[[Construct], str],
        shared: Shared,
    ) -> None:
        super().__init__(scope, construct_id)
        check_region(self)
        acknowledge_inline_policies(self)
        acknowledge_missing_queues(self)
        self.engine = engine
        self.role_path = role_path(shared.environment_name)
        self.database_id = identify(self)
        self.users: dict[str, DatabaseUser] = {}
        self._shared = shared
        self._alarms: RotationAlarms | None = None
        self._detection: CredentialDetection | None = None
        self._rotated: list[Credential] = []
        self._prerequisites: list[Construct] = []
        self._replica_regions = check_replica_regions(self, shared.replica_regions)
        self._usernames = Usernames(engine, shared.master_username, shared.schema_owner)
        self._vpc = vpc
        self._subnets = private_subnets(vpc, shared.vpc_subnets)
        function_subnets = self._subnets
        if shared.function_subnets is not None:
            function_subnets = private_subnets(vpc, shared.function_subnets, prop="function_subnets")
        if shared.rotation_function is None:
            check_way_to_secrets_manager(vpc, function_subnets, shared.secrets_manager_endpoint)
        self.key = shared.encryption_key or CustomerKey(
            self,
            "Key",
            description=f"Storage, credential and logs of database {self.database_id}",
            removal_policy=shared.companions,
        )
        self._new_function = partial(
            _new_function,
            self,
            vpc=vpc,
            vpc_subnets=function_subnets,
            secrets_manager_endpoint=shared.secrets_manager_endpoint,
            encryption_key=self.key,
            runtime=shared.function_runtime,
            reserved_concurrent_executions=shared.function_concurrency,
            tracing=shared.function_tracing,
            log_group_prefix=log_group_prefix(self.database_id),
            log_retention=shared.log_retention,
            removal_policy=shared.companions,
            role_path=self.role_path,
        )

    def check_master_rotation(self, rotation: Rotation) -> None:
        """Refuse a strategy that takes an administrator, of whom the master is the only one.

        :raises DeclarationError: with the remedy.
        """
        if rotation.strategy.administered:
            raise DeclarationError(
                f"The master user of {self.database_id!r} cannot rotate by {rotation.strategy.name}, for nobody "
                "administers it: choose Rotation.single_user(...) or Rotation.managed_by_rds()."
            )

    def _event_sources(self) -> Mapping[str, str]:
        """Return what RDS tells events of: kind of source, to its identifier; nothing of a server made elsewhere."""
        return {}

    def _make_connections(self, vpc: ec2.IVpc) -> ec2.Connections:
        """Return the network side of a new server: one group, which lets in whoever is granted it."""
        group = ec2.SecurityGroup(
            self, "SecurityGroup", vpc=vpc, allow_all_outbound=False, description=f"Database {self.database_id}"
        )
        return ec2.Connections(security_groups=[group], default_port=ec2.Port.tcp(self.engine.port))

    def _master_secret(self, rotation: Rotation) -> CredentialSecret | None:
        """Return a generated credential, unless RDS makes it."""
        self.check_master_rotation(rotation)
        if not rotation.is_ours:
            self._check_no_copies()
            return None
        username = self._shared.master_username
        return CredentialSecret(
            self,
            "Secret",
            description=f"Master user of database {self.database_id}",
            username=username,
            tags=self.tags(username, rotation),
            encryption_key=self.key,
            removal_policy=self._shared.companions,
            replica_regions=self._replica_regions,
        )

    def _check_no_copies(self) -> None:
        """Refuse copies of a credential that RDS makes.

        :raises DeclarationError: with the remedy.
        """
        if self._replica_regions:
            raise DeclarationError(
                f"The master's credential of {self.database_id!r} is managed by RDS, which makes no copies in "
                f"{self._replica_regions[0].region!r}: leave out replica_regions, and give them to add_user(...)."
            )

    def _attach(
        self,
        *,
        server: ec2.IConnectable,
        connections: ec2.Connections,
        host: str,
        port: str,
        secret: secretsmanager.ISecret,
        key: kms.IKey | None,
        rotation: Rotation | None,
    ) -> None:
        """Put functions and rotation around a server.

        :param server: the server, to which the secrets of users are attached.
        :param connections: its network side.
        :param host: where it listens.
        :param port: likewise.
        :param secret: the master's credential, by its attachment.
        :param key: which encrypts that; None if it is the one of Secrets Manager itself.
        :param rotation: of the master's credential; None leaves it alone.
        """
        self.server = cast("secretsmanager.ISecretAttachmentTarget", server)
        self._connections = connections
        # Only PostgreSQL wants a database to log in to; elsewhere a user without privileges in it could not.
        database = self._shared.database_name if self.engine.has_schemas else None
        self._endpoint = DatabaseEndpoint(host=host, port=port, database=database)
        self.credential = Credential(
            owner=self,
            username=self._shared.master_username,
            secret=secret,
            key=key,
            connections=connections,
            role_path=self.role_path,
            rotation=rotation if rotation is not None and rotation.is_ours else None,
            replica_regions=self._replica_regions if isinstance(made_secret(secret), CredentialSecret) else (),
        )
        self.rotation_function = self._shared.rotation_function or self._new_function(RotationFunction)
        self.rotation_function.add_database(self.database_id, self._endpoint, connections)
        self.metrics = RotationMetrics(function=self.rotation_function.function, database_id=self.database_id)
        self._prerequisites.append(cast("Construct", server))
        if self.credential.rotation is not None:
            schedule_rotation(
                self.credential, self.credential.rotation, self.rotation_function, after=self._prerequisites
            )
            self._rotated.append(self.credential)

    @property
    def endpoint(self) -> DatabaseEndpoint:
        """Where the database is reached."""
        return self._endpoint

    @property
    def secret(self) -> secretsmanager.ISecret:
        """The master's credential."""
        return self.credential.secret

    @property
    def grants(self) -> Grants:
        """What may be granted on the master's credential."""
        return self.credential.grants

    @property
    def connections(self) -> ec2.Connections:
        """The database's network side, with its port as the default one."""
        return self._connections

    @property
    def schema_owner(self) -> str:
        """The role that owns the schemas of users, on PostgreSQL."""
        return self._shared.schema_owner

    @property
    def default_schema(self) -> str | None:
        """The schema of an Access that names none."""
        return "public" if self.engine.has_schemas else self._shared.database_name

    @cached_property
    def provision_function(self) -> ProvisionFunction:
        """The function that makes users; made when the first one is added, unless one was given."""
        function = self._shared.provision_function or self._new_function(ProvisionFunction)
        function.add_database(self.database_id, self._endpoint, self._connections)
        return function

    @cached_property
    def probe_function(self) -> ProbeFunction:
        """The function that examines credentials; made with the alarms, unless one was given."""
        function = self._shared.probe_function or self._new_function(ProbeFunction)
        function.add_database(self.database_id, self._endpoint, self._connections)
        return function

    @cached_property
    def _users_scope(self) -> Construct:
        return Construct(self, "Users")

    def add_user(
        self,
        username: str,
        *,
        access: Access | None = None,
        rotation: Rotation | None = None,
        removal_policy: RemovalPolicy | None = None,
        replica_regions: Sequence[secretsmanager.ReplicaRegion] | None = None,
    ) -> DatabaseUser:
        """Have a user made in the database at deployment, with a credential of its own that rotates.

        A user of that name that exists gets these privileges and a new password. A declaration that changes is applied
        in place, while sessions are open.

        :param username: its name; with alternating users, the first of the two.
        :param access: what it may do; `Access.read_write()` unless given.
        :param rotation: `Rotation.alternating_users(every=Duration.days(30))` unless given.
        :param removal_policy: what becomes of the user and its secret when the declaration is removed: as with the
            database's own secret (kept, unless the database is destroyed) unless given. `DESTROY` drops the user; what
            it owns stays, with the schema owner.
        :param replica_regions: regions in which copies of the credential are; those of the database unless given.
        :raises DeclarationError: if the engine could not hold the user's names, or they are taken or reserved.
        """
        rotation = rotation or Rotation.alternating_users(every=Duration.days(30))
        if not rotation.is_ours:
            raise DeclarationError(
                f"The user {username!r} cannot be managed by RDS, which manages the master only: choose "
                "Rotation.alternating_users(), admin_reset() or single_user()."
            )
        rotation.strategy.check(self.engine)
        self._usernames.claim(username, rotation.strategy.logins(username))
        user = DatabaseUser(
            self._users_scope,
            username,
            database=self,
            username=username,
            access=access or Access.read_write(),
            rotation=rotation,
            removal_policy=removal_policy or self._shared.companions,
            replica_regions=self._replica_regions
            if replica_regions is None
            else check_replica_regions(self, replica_regions),
        )
        self.users[username] = user
        self._rotated.append(user.credential)
        for watcher in (self._alarms, self._detection):
            if watcher is not None:
                watcher.watch(user.credential)
        return user

    def add_consumer(self, construct_id: str, compute: Compute) -> ConsumerRole:
        """Make the role of an application that reads the master's current credential, and may do nothing else.

        Applications are better served by a user of their own: see :meth:`add_user`.

        :param construct_id: the application's name.
        :param compute: what it runs on, such as `Compute.ecs_task()`.
        """
        return self.credential.add_consumer(construct_id, compute)

    def restrict_reads(self, *, deployers: Sequence[str], break_glass: Sequence[str]) -> None:
        """Deny GetSecretValue on the master's credential to everybody but declared readers, also to administrators.

        Our functions and whoever is granted reading, before or after this, are declared. Nothing else is denied:
        who may change the secret's policy can lift the denial, and the trail tells.

        :param deployers: ARNs of the roles that deploy this stack.
        :param break_glass: ARNs of the roles to which people turn when nothing else works.
        :raises DeclarationError: if one of the lists is empty or names no role, or the secret's policy is not made in
            this app.
        """
        restrict_reads(self.credential, deployers=deployers, break_glass=break_glass)

    def add_alarms(
        self,
        *,
        notify: sns.ITopic | None = None,
        critical: Sequence[cloudwatch.IAlarmAction] = (),
        warning: Sequence[cloudwatch.IAlarmAction] = (),
        thresholds: Thresholds | None = None,
        probe_every: Duration | None = None,
    ) -> RotationAlarms:
        """Watch all credentials that rotate: by the metrics of the function, by events, and by logging in with them.

        Each is examined after every rotation and again and again: whether it logs in, when it rotated, what is left of
        an older one. RDS tells the same topic of failures, maintenance and changes of a server that is made here.

        :param notify: topic that hears of everything; an encrypted one is made unless given.
        :param critical: what happens beside where applications cannot log in, or will not be able to.
        :param warning: what happens beside where nothing fails yet.
        :param thresholds: from when on to worry; those of :class:`Thresholds` unless given.
        :param probe_every: between two examinations, 1 hour to 7 days; a day unless given.
        :raises DeclarationError: if it was called before, or *probe_every* is something else.
        """
        if self._alarms is not None:
            raise DeclarationError(f"{self.node.path!r} has alarms already: call add_alarms() once.")
        topic = notify or AlarmTopic(self, "AlarmTopic", removal_policy=self._shared.companions).topic
        probe = CredentialProbe(self, "Probe", function=self.probe_function, every=probe_every or Duration.days(1))
        self._alarms = RotationAlarms(
            self,
            "Alarms",
            engine=self.engine,
            metrics=self.metrics,
            probe=probe,
            notify=topic,
            thresholds=thresholds or Thresholds(),
            further_actions={Severity.CRITICAL: critical, Severity.WARNING: warning},
        )
        for credential in self._rotated:
            self._alarms.watch(credential)
        subscribe_to_server_events(self._alarms, topic=topic, sources=self._event_sources())
        return self._alarms

    def add_detection(
        self,
        *,
        notify: sns.ITopic | None = None,
        trusted: Sequence[str] = (),
        trusted_services: Sequence[str] = (),
        trail_log_group: logs.ILogGroup | None = None,
    ) -> CredentialDetection:
        """Tell of reads and changes of the secrets, also of users, by principals that are not declared.

        Declared is whoever was granted reading, before or after this. A trail has to be logging, see
        :class:`AuditTrail`.

        :param notify: topic that hears of it; the one of the alarms, or an encrypted one that is made, unless given.
        :param trusted: ARNs of further roles whose reads and changes are no news, such as one that imports stacks; the
            role by which CloudFormation deploys this stack is among them.
        :param trusted_services: services whose calls in somebody's name are no news, such as
            `cloudformation.amazonaws.com` where whoever calls it deploys by their own rights; none unless given.
        :param trail_log_group: of a trail of all regions, such as `AuditTrail.log_group`: an alarm tells of reads of
            copies in other regions, which no rule sees here; nothing does unless given.
        :raises DeclarationError: if it was called before, or a rule has no room for all who have to be named.
        """
        if self._detection is not None:
            raise DeclarationError(f"{self.node.path!r} has detection already: call add_detection() once.")
        topic = notify or (self._alarms.topic if self._alarms else None)
        self._detection = CredentialDetection(
            self,
            "Detection",
            database_id=self.database_id,
            role_path=self.role_path,
            notify=topic or AlarmTopic(self, "DetectionTopic", removal_policy=self._shared.companions).topic,
            trusted=trusted,
            trusted_services=trusted_services,
            trail_log_group=trail_log_group,
        )
        for credential in self._rotated:
            self._detection.watch(credential)
        return self._detection

    def metric_function_errors(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Return how many steps ended in an error; see :class:`RotationMetrics`."""
        return self.metrics.function_errors(period=period)

    def metric_function_throttles(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Return how many steps found no concurrency left; see :class:`RotationMetrics`."""
        return self.metrics.function_throttles(period=period)

    def metric_step_duration(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Return how long steps took; see :class:`RotationMetrics`."""
        return self.metrics.step_duration(period=period)

    def metric_step_failures(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Return how many steps of this database failed; see :class:`RotationMetrics`."""
        return self.metrics.step_failures(period=period)

    def tags(self, username: str, rotation: Rotation) -> dict[str, str]:
        """Return what tells the rotation function about a secret of this database."""
        name = self._shared.environment_name
        environment = {} if name is None else {contract.ENVIRONMENT_TAG: name}
        return {
            contract.DATABASE_TAG: self.database_id,
            contract.ENGINE_TAG: self.engine.name,
            contract.USERNAME_TAG: contract.tag_encode(username),
            **rotation.tags(username),
            **environment,
        }

    def administrator_tags(self) -> Mapping[str, str]:
        """Return what tells the rotation function whose rights to use: the master's."""
        arn = self.credential.secret.secret_arn
        # A secret that RDS made has an exclamation mark in its name, which no tag may hold, and that name is known at
        # deployment only.
        unknown = Token.is_unresolved(arn)
        encoded = Fn.join(contract.tag_encode("!"), Fn.split("!", arn)) if unknown else contract.tag_encode(arn)
        return {
            contract.ADMINISTRATOR_TAG: encoded,
            contract.ADMINISTRATOR_USERNAME_TAG: contract.tag_encode(self.credential.username),
        }


def _new_function(scope: Construct, kind: type[_Function], **props: Any) -> _Function:
    return kind(scope, kind.__name__, **props)

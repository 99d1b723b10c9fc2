"""A user of a database: made at deployment, with a credential of its own that rotates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import RemovalPolicy
from constructs import Construct

from rotating_rds.credential import Credential
from rotating_rds.credential_secret import CredentialSecret
from rotating_rds.restricted_reads import restrict_reads
from rotating_rds.rotation_schedule import schedule_rotation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import CustomResource
    from aws_cdk import aws_secretsmanager as secretsmanager

    from rotating_rds.access import Access
    from rotating_rds.compute import Compute
    from rotating_rds.consumer import ConsumerRole
    from rotating_rds.grants import Grants
    from rotating_rds.rotating_base import RotatingBase
    from rotating_rds.rotation import Rotation


class DatabaseUser(Construct):
    """A user that exists because it was declared; made by :meth:`RotatingDatabase.add_user`.

    :param database: where the user logs in.
    :param username: its name; the first of two for alternating users.
    :param access: what it may do.
    :param rotation: how its credential rotates.
    :param removal_policy: what becomes of user and secret when the declaration is removed.
    :param replica_regions: where copies of the credential are.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        database: RotatingBase,
        username: str,
        access: Access,
        rotation: Rotation,
        removal_policy: RemovalPolicy,
        replica_regions: tuple[secretsmanager.ReplicaRegion, ...],
    ) -> None:
        super().__init__(scope, construct_id)
        self.username = username
        administrator: Mapping[str, str] = database.administrator_tags() if rotation.strategy.administered else {}
        secret = CredentialSecret(
            self,
            "Secret",
            description=f"User {username} of database {database.database_id}",
            username=username,
            tags={**database.tags(username, rotation), **administrator},
            encryption_key=database.key,
            removal_policy=removal_policy,
            replica_regions=replica_regions,
        )
        self.secret: secretsmanager.ISecret = secret.attach(database.server)
        self.credential = Credential(
            owner=self,
            username=username,
            secret=self.secret,
            key=database.key,
            connections=database.connections,
            role_path=database.role_path,
            rotation=rotation,
            administrator=database.credential if rotation.strategy.administered else None,
            replica_regions=replica_regions,
        )
        provisioned = self._provision(database, access, rotation, removal_policy)
        if rotation.strategy.administered:
            database.rotation_function.role.allow_reading(database.credential)
        self.schedule = schedule_rotation(self.credential, rotation, database.rotation_function, after=[provisioned])

    @property
    def grants(self) -> Grants:
        """What may be granted on the user's credential."""
        return self.credential.grants

    def add_consumer(self, construct_id: str, compute: Compute) -> ConsumerRole:
        """Make the role of an application that reads this user's current credential, and may do nothing else.

        :param construct_id: the application's name.
        :param compute: what it runs on, such as `Compute.ecs_task()`.
        """
        return self.credential.add_consumer(construct_id, compute)

    def restrict_reads(self, *, deployers: Sequence[str], break_glass: Sequence[str]) -> None:
        """Deny GetSecretValue on this user's credential to everybody but declared readers, also to administrators.

        Our functions and whoever is granted reading, before or after this, are declared. Nothing else is denied:
        who may change the secret's policy can lift the denial, and the trail tells.

        :param deployers: ARNs of the roles that deploy this stack.
        :param break_glass: ARNs of the roles to which people turn when nothing else works.
        :raises DeclarationError: if one of the lists is empty or names no role, or the secret's policy is not made in
            this app.
        """
        restrict_reads(self.credential, deployers=deployers, break_glass=break_glass)

    def _provision(
        self, database: RotatingBase, access: Access, rotation: Rotation, removal_policy: RemovalPolicy
    ) -> CustomResource:
        function = database.provision_function
        function.role.allow_reading(self.credential)
        function.role.allow_reading(database.credential)
        logins = rotation.strategy.logins(self.username)
        resource = function.request(
            self,
            {
                "Database": database.database_id,
                "Engine": database.engine.name,
                "Secret": self.secret.secret_arn,
                "Username": self.username,
                **({"AlternateUsername": logins[1]} if len(logins) > 1 else {}),
                "Administrator": database.credential.secret.secret_arn,
                "AdministratorUsername": database.credential.username,
                **({"Owner": database.schema_owner} if database.engine.has_schemas else {}),
                "Schemas": dict(access.schemas(database.default_schema)),
                "Statements": list(access.extra),
                "Removal": "drop" if removal_policy is RemovalPolicy.DESTROY else "retain",
            },
        )
        resource.node.add_dependency(database.server, *database.connections.security_groups)
        return resource

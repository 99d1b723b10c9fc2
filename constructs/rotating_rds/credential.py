"""One credential of one database: where it is, who may read it, what rotates it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rotating_rds.consumer import ConsumerRole
from rotating_rds.errors import DeclarationError
from rotating_rds.grants import Grants
from rotating_rds.readers import Readers

if TYPE_CHECKING:
    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_secretsmanager as secretsmanager
    from constructs import Construct

    from rotating_rds.compute import Compute
    from rotating_rds.rotation import Rotation


@dataclass(frozen=True, kw_only=True)
class Credential:
    """A secret with a user name and a password, and the database that takes them.

    :param owner: the construct whose credential it is.
    :param username: the user.
    :param secret: where the credential is.
    :param key: the customer key that encrypts it; None if it is the one of Secrets Manager itself.
    :param connections: the database's network side.
    :param role_path: IAM path of its consumers' roles.
    :param rotation: how it rotates; None if nothing of ours rotates it.
    :param administrator: who changes the password, if it is not the user itself.
    :param replica_regions: where copies of it are.
    :param readers: who may read it.
    """

    owner: Construct
    username: str
    secret: secretsmanager.ISecret
    key: kms.IKey | None
    connections: ec2.Connections
    role_path: str
    rotation: Rotation | None = None
    administrator: Credential | None = None
    replica_regions: tuple[secretsmanager.ReplicaRegion, ...] = ()
    readers: Readers = field(default_factory=Readers)

    @property
    def grants(self) -> Grants:
        """What may be granted on it."""
        return Grants(
            secret=self.secret,
            key=self.key,
            connections=self.connections,
            readers=self.readers,
            replica_regions=self.replica_regions,
        )

    def add_consumer(self, construct_id: str, compute: Compute) -> ConsumerRole:
        """Make the role of an application that reads it; see RotatingDatabase.add_consumer()."""
        if self.owner.node.try_find_child(construct_id) is not None:
            raise DeclarationError(
                f"{self.owner.node.path!r} has something named {construct_id!r} already: choose another id for this "
                "consumer."
            )
        role = ConsumerRole(self.owner, construct_id, compute=compute, path=self.role_path)
        self.grants.read_secret(role)
        return role

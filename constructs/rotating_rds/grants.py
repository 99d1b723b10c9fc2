"""Who may read a credential, and how: the statements that make up a reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager

from rotating_rds.foreign_readers import admit_foreign
from rotating_rds.readers import CURRENT_ONLY, Readers, arn_of, is_foreign
from rotating_rds.replicas import replica_arn

if TYPE_CHECKING:
    from collections.abc import Sequence


class Consumer(iam.IGrantable, ec2.IConnectable, Protocol):
    """Something with a role and a network interface, such as a Lambda function or an ECS service."""


class Grants:
    """What may be granted on one database's credential.

    :param secret: the credential.
    :param key: the customer key that encrypts it; None if it is the one of Secrets Manager itself.
    :param connections: the database's network side.
    :param readers: who was granted something before.
    :param replica_regions: where copies of the credential are.
    """

    def __init__(
        self,
        *,
        secret: secretsmanager.ISecret,
        key: kms.IKey | None,
        connections: ec2.Connections,
        readers: Readers,
        replica_regions: Sequence[secretsmanager.ReplicaRegion] = (),
    ) -> None:
        self._secret = secret
        self._key = key
        self._connections = connections
        self._readers = readers
        self._replica_regions = replica_regions

    def read_secret(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let *grantee* read the current value of this secret and of its copies in other regions, and nothing else.

        Only AWSCURRENT: a consumer has no business with a password that is not in force yet. The key can be used
        through Secrets Manager only, for this secret only.

        A role of another account, such as `iam.ArnPrincipal("arn:aws:iam::111122223333:role/reports")`, is admitted by
        the policies of secret and key as well; that account allows it the same two actions. Keys of copies are not this
        library's: their policies have to admit such a role by themselves.

        :param grantee: a role or user, or a construct that has a role.
        :raises DeclarationError: if that is no single role or user, or secret and key cannot admit another account.
        """
        read = self.read_here(grantee)
        for replica in self._replica_regions:
            read = read.combine(self._read_copy(grantee, replica))
        return read

    def read_here(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let *grantee* read the current value where the secret itself is: see :meth:`read_secret`."""
        arn = arn_of(grantee)
        if is_foreign(grantee, Stack.of(self._secret)):
            admit_foreign(arn, secret=self._secret, key=self._key)
        read = iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["secretsmanager:GetSecretValue"],
            resource_arns=[self._secret.secret_arn],
            conditions=CURRENT_ONLY,
        )
        self._readers.add(grantee)
        return read.combine(key_use(grantee, self._key, self._secret, "kms:Decrypt"))

    def _read_copy(self, grantee: iam.IGrantable, replica: secretsmanager.ReplicaRegion) -> iam.Grant:
        arn = replica_arn(self._secret, replica.region)
        read = iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["secretsmanager:GetSecretValue"],
            resource_arns=[arn],
            conditions=CURRENT_ONLY,
        )
        if replica.encryption_key is None:
            return read
        return read.combine(_use_key(grantee, replica.encryption_key, arn, replica.region, "kms:Decrypt"))

    def connect(self, consumer: Consumer) -> iam.Grant:
        """Let *consumer* read the current credential and reach the database's port.

        The rules of the network are made in the consumer's stack, so that either stack may come first.

        :param consumer: a construct with a role and connections, in this account.
        :raises DeclarationError: see :meth:`read_secret`.
        """
        consumer.connections.allow_to_default_port(self._connections, "Consumer of the database credential")
        return self.read_secret(consumer)


def key_use(grantee: iam.IGrantable, key: kms.IKey | None, secret: secretsmanager.ISecret, *actions: str) -> iam.Grant:
    """Let *grantee* use *key* for *secret* only: through Secrets Manager, under that secret's encryption context.

    The key of Secrets Manager itself is open to whoever may read the secret, in its account.
    Source: "Secret encryption and decryption in AWS Secrets Manager" in the service's user guide.
    """
    if key is None:
        return iam.Grant.drop(grantee, "the key of Secrets Manager itself needs no grant")
    return _use_key(grantee, key, secret.secret_arn, Stack.of(key).region, *actions)


def _use_key(grantee: iam.IGrantable, key: kms.IKey, secret_arn: str, region: str, *actions: str) -> iam.Grant:
    return iam.Grant.add_to_principal(
        grantee=grantee,
        actions=list(actions),
        resource_arns=[key.key_arn],
        conditions={
            "StringEquals": {
                "kms:ViaService": f"secretsmanager.{region}.amazonaws.com",
                "kms:EncryptionContext:SecretARN": secret_arn,
            }
        },
    )

"""A credential, as Secrets Manager holds it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aws_cdk import Tags
from aws_cdk import aws_secretsmanager as secretsmanager

from rotating_rds import contract

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import RemovalPolicy
    from aws_cdk import aws_kms as kms
    from constructs import Construct


class CredentialSecret(secretsmanager.Secret):
    """A generated credential; its tags tell the rotation function what rotates, and how.

    Tags rather than the value: whoever may write a value must not be able to redirect a rotation. The name is left to
    CloudFormation, since the name of a retained secret could not be used again.

    :param description: whose credential it is.
    :param username: the user.
    :param tags: what rotates, and how.
    :param encryption_key: the key that encrypts it.
    :param removal_policy: what becomes of the secret with its stack.
    :param replica_regions: where copies of it are, as :func:`check_replica_regions` returns them.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        description: str,
        username: str,
        tags: Mapping[str, str],
        encryption_key: kms.IKey,
        removal_policy: RemovalPolicy,
        replica_regions: Sequence[secretsmanager.ReplicaRegion] = (),
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            description=description,
            encryption_key=encryption_key,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=json.dumps({"username": username}),
                generate_string_key="password",
                password_length=contract.PASSWORD_LENGTH,
                exclude_characters=contract.EXCLUDED_CHARACTERS,
            ),
            removal_policy=removal_policy,
            replica_regions=list(replica_regions) or None,
        )
        for name, value in tags.items():
            Tags.of(self).add(name, value)

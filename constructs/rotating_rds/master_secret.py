"""The master user's credential, as Secrets Manager holds it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aws_cdk import Tags
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager

from rotating_rds import contract

if TYPE_CHECKING:
    from aws_cdk import RemovalPolicy
    from constructs import Construct

    from rotating_rds.engine import Engine
    from rotating_rds.rotation import Rotation


class MasterSecret(secretsmanager.Secret):
    """A generated credential; its tags tell the rotation function what rotates, and how.

    Tags rather than the value: whoever may write a value must not be able to redirect a rotation. The name is left to
    CloudFormation, since the name of a retained secret could not be used again.

    :param database_id: the database as the rotation function names it.
    :param engine: the database's engine.
    :param username: the master user.
    :param rotation: how the credential rotates.
    :param encryption_key: the key that encrypts it.
    :param environment_name: the environment that it belongs to, if any.
    :param removal_policy: what becomes of the secret with its stack.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        database_id: str,
        engine: Engine,
        username: str,
        rotation: Rotation,
        encryption_key: kms.IKey,
        environment_name: str | None,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            description=f"Master user of database {database_id}",
            encryption_key=encryption_key,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=json.dumps({"username": username}),
                generate_string_key="password",
                password_length=contract.PASSWORD_LENGTH,
                exclude_characters=contract.EXCLUDED_CHARACTERS,
            ),
            removal_policy=removal_policy,
        )
        tags = {
            contract.DATABASE_TAG: database_id,
            contract.ENGINE_TAG: engine.name,
            contract.STRATEGY_TAG: rotation.strategy,
            contract.USERNAME_TAG: contract.tag_encode(username),
            contract.ENVIRONMENT_TAG: environment_name,
        }
        for name, value in tags.items():
            if value is not None:
                Tags.of(self).add(name, value)

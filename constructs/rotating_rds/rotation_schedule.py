"""Hands a credential to the rotation function, and tells Secrets Manager when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

if TYPE_CHECKING:
    from collections.abc import Iterable

    from constructs import IDependable

    from rotating_rds.credential import Credential
    from rotating_rds.rotation import Rotation
    from rotating_rds.rotation_function import RotationFunction


def schedule_rotation(
    credential: Credential, rotation: Rotation, function: RotationFunction, *, after: Iterable[IDependable]
) -> secretsmanager.CfnRotationSchedule:
    """Have a credential rotated.

    :param after: what the first test of the rotation needs: Secrets Manager tests it when the schedule is made.
    """
    owner = credential.owner
    permission = function.allow_rotation(owner, credential)
    # Its logical id is for ever: under another one CloudFormation would make the new schedule, and then remove
    # rotation from the secret when it cleans up the old one.
    schedule = secretsmanager.CfnRotationSchedule(
        owner,
        "RotationSchedule",
        secret_id=credential.secret.secret_arn,
        rotation_lambda_arn=function.function.function_arn,
        rotation_rules=rotation.rules(owner.node.path),
        rotate_immediately_on_update=rotation.rotate_immediately,
    )
    schedule.node.add_dependency(permission, function, *credential.connections.security_groups, *after)
    endpoint = function.secrets_manager_endpoint
    if endpoint is not None and Construct.is_construct(endpoint):
        schedule.node.add_dependency(endpoint)
    return schedule

"""`AWS::SecretsManager::RotationSchedule`, which ministack lacks.

Ref is the secret's ARN. Creating and changing it is RotateSecret, by default with an immediate rotation, for which
CloudFormation does not wait; deleting it switches rotation off (CloudFormation's resource reference).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack.services.cloudformation import provisioners

from localcloud.emulator.answers import ServiceError
from localcloud.emulator.hooks import cloudformation
from localcloud.emulator.hooks.cloudformation import ResourceType
from localcloud.emulator.rotation import versions

if TYPE_CHECKING:
    from localcloud.emulator.emulator import Emulator
    from localcloud.emulator.hooks.cloudformation import Created, Properties


def install(emulator: Emulator) -> None:
    """Add the type."""
    cloudformation.add("AWS::SecretsManager::RotationSchedule", _rotation_schedule(emulator))


def _rotation_schedule(emulator: Emulator) -> ResourceType:
    def schedule(properties: Properties) -> Created:
        if "HostedRotationLambda" in properties:
            raise ValueError("HostedRotationLambda needs a SAM transform that the local cloud lacks: name a function.")
        request = {
            "SecretId": properties["SecretId"],
            "RotationLambdaARN": properties.get("RotationLambdaARN"),
            "RotationRules": _rules(properties.get("RotationRules")),
            "RotateImmediately": provisioners._cfn_bool(properties.get("RotateImmediatelyOnUpdate", True)),
        }
        try:
            return emulator.rotations.rotate(request)["ARN"], {}
        except ServiceError as error:
            raise ValueError(f"{error.code}: {error}") from error

    def unschedule(physical_id: str, _: Properties) -> None:
        secret = versions.find(physical_id)
        if secret is not None:
            emulator.rotations.forget(secret)
            secret["RotationEnabled"] = False

    return ResourceType(
        create=lambda _logical_id, properties, _stack: schedule(properties),
        update=lambda _physical_id, _old, new: schedule(new),
        delete=unschedule,
        replaced_by=("SecretId",),
    )


def _rules(properties: Properties | None) -> Properties | None:
    """Return RotationRules as the API takes them; CloudFormation renders numbers as text."""
    if properties and "AutomaticallyAfterDays" in properties:
        return properties | {"AutomaticallyAfterDays": int(properties["AutomaticallyAfterDays"])}
    return properties

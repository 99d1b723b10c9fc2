"""Versions and staging labels of a secret.

AWS (API reference of PutSecretValue and GetSecretValue): a staging label is attached to one version at a time; a
repeated token is accepted with the same value and refused with another one; VersionId and VersionStage of one request
must name the same version; a version that has no value yet cannot be read. ministack lets AWSPENDING multiply,
overwrites versions, ignores the stage beside an id and answers without a value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.services import secretsmanager

from localcloud.emulator import patches
from localcloud.emulator.answers import Answer, ServiceError, json_answer
from localcloud.emulator.rotation import versions

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.emulator.emulator import Emulator

    Handler = Callable[[dict[str, Any]], Answer]


def install(emulator: Emulator) -> None:
    """Correct reading and writing, and tell the emulator which values were written."""

    def capturing(original: Handler, data: dict[str, Any]) -> Answer:
        emulator.capture(data.get("SecretString"))
        return original(data)

    def promote(original: Callable[..., None], secret: versions.Secret, new_vid: str) -> None:
        original(secret, new_vid)
        emulator.rotations.abandon(secret, new_vid)

    patches.replace(secretsmanager, "_get_secret_value", "(data)", _get_secret_value)
    patches.replace(secretsmanager, "_put_secret_value", "(data)", _put_secret_value)
    patches.replace(secretsmanager, "_apply_current_promotion", "(secret, new_vid)", promote)
    for name in ("_create_secret", "_put_secret_value", "_update_secret"):
        patches.replace(secretsmanager, name, "(data)", capturing)


def _get_secret_value(original: Handler, data: dict[str, Any]) -> Answer:
    try:
        secret = versions.require(data.get("SecretId", ""))
        _refuse_mismatch(secret, data)
        _refuse_empty(secret, data)
    except ServiceError as error:
        return error.answer()
    return original(data)


def _refuse_mismatch(secret: versions.Secret, data: dict[str, Any]) -> None:
    version_id, stage = data.get("VersionId"), data.get("VersionStage")
    version = secret["Versions"].get(version_id)
    if version_id and stage and version is not None and stage not in version["Stages"]:
        raise ServiceError(
            "InvalidRequestException",
            "You provided a VersionStage that is not associated to the provided VersionId.",
        )


def _refuse_empty(secret: versions.Secret, data: dict[str, Any]) -> None:
    version_id, stage = data.get("VersionId"), data.get("VersionStage", versions.CURRENT)
    version = secret["Versions"].get(version_id) if version_id else versions.find_label(secret, stage)[1]
    if version is not None and version.get("SecretString") is None and version.get("SecretBinary") is None:
        named = f"VersionId: {version_id}" if version_id else f"staging label: {stage}"
        raise ServiceError(
            "ResourceNotFoundException", f"Secrets Manager can't find the specified secret value for {named}"
        )


def _put_secret_value(original: Handler, data: dict[str, Any]) -> Answer:
    try:
        secret = versions.require(data.get("SecretId", ""))
        repeated = _repeated(secret, data)
    except ServiceError as error:
        return error.answer()
    if repeated is not None:
        return repeated
    for stage in set(data.get("VersionStages") or ()) - {versions.CURRENT}:
        versions.remove_label(secret, stage)
    return original(data)


def _repeated(secret: versions.Secret, data: dict[str, Any]) -> Answer | None:
    """Return the answer to a request whose token already has a value, None for a token that has none."""
    version_id = data.get("ClientRequestToken")
    version = secret["Versions"].get(version_id)
    if version is None or (version["SecretString"] is None and version["SecretBinary"] is None):
        return None
    if (version["SecretString"], version["SecretBinary"]) != (data.get("SecretString"), data.get("SecretBinary")):
        raise ServiceError(
            "ResourceExistsException",
            f"The version {version_id} already has another value: a version's value cannot be changed.",
        )
    names = {"ARN": secret["ARN"], "Name": secret["Name"]}
    return json_answer({**names, "VersionId": version_id, "VersionStages": list(version["Stages"])})

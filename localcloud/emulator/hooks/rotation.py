"""RotateSecret, CancelRotateSecret and what DescribeSecret and ListSecrets say about rotation.

ministack promotes a copy of the value at once and never calls the function; CancelRotateSecret is unknown to it. The
engine in `localcloud.emulator.rotation` does what the Secrets Manager User Guide describes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ministack.services import secretsmanager

from localcloud.emulator import patches
from localcloud.emulator.answers import Answer, ServiceError, json_answer
from localcloud.emulator.hooks import secrets_caller
from localcloud.emulator.rotation import versions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from localcloud.emulator.emulator import Emulator
    from localcloud.emulator.rotation.engine import Rotations

    Handler = Callable[[dict[str, Any]], Answer]


def install(emulator: Emulator) -> None:
    """Serve rotation by the engine."""
    rotations = emulator.rotations

    def rotate(_: Handler, data: dict[str, Any]) -> Answer:
        if not _may_invoke(data):
            message = "You are not authorized to invoke the rotation function: lambda:InvokeFunction is not allowed."
            return ServiceError("AccessDeniedException", message).answer()
        return _answer(rotations.rotate, data)

    async def handle(original: Callable[..., Awaitable[Answer]], *request: Any) -> Answer:
        _method, _path, headers, body, _query = request
        if headers.get("x-amz-target", "").endswith(".CancelRotateSecret"):
            return _answer(rotations.cancel, json.loads(body))
        return await original(*request)

    def describe(original: Handler, data: dict[str, Any]) -> Answer:
        answer = original(data)
        secret = versions.find(data.get("SecretId", ""))
        return (
            answer
            if answer[0] != _OK or secret is None
            else json_answer(json.loads(answer[2]) | _dates(secret, rotations))
        )

    def list_all(original: Handler, data: dict[str, Any]) -> Answer:
        return _with_dates(original(data), rotations)

    def purge(original: Callable[..., None], key: str, secret: versions.Secret) -> None:
        rotations.forget(secret)
        original(key, secret)

    patches.replace(secretsmanager, "_rotate_secret", "(data)", rotate)
    patches.replace(secretsmanager, "_describe_secret", "(data)", describe)
    patches.replace(secretsmanager, "_list_secrets", "(data)", list_all)
    patches.replace(secretsmanager, "_purge_secret", "(key, secret)", purge)
    patches.replace(secretsmanager, "handle_request", "(method, path, headers, body, query_params)", handle)


_OK = 200
# What ListSecrets tells of rotation beside dates (SecretListEntry in the API reference).
_CONFIGURATION = ("RotationLambdaARN", "RotationRules")


def _with_dates(listed: Answer, rotations: Rotations) -> Answer:
    """Return what ListSecrets answered, with what it tells of each secret's rotation."""
    if listed[0] != _OK:
        return listed
    answer = json.loads(listed[2])
    for entry in answer["SecretList"]:
        secret = versions.find(entry["ARN"])
        if secret is not None:
            configured = {name: secret[name] for name in _CONFIGURATION if secret.get(name)}
            entry.update(configured | _dates(secret, rotations))
    return json_answer(answer)


def _dates(secret: versions.Secret, rotations: Rotations) -> dict[str, float]:
    known = {"LastRotatedDate": secret.get("LastRotatedDate"), "NextRotationDate": rotations.next_date(secret)}
    return {key: value for key, value in known.items() if value is not None}


def _may_invoke(data: dict[str, Any]) -> bool:
    """Whether the caller may invoke the function that rotates, which RotateSecret requires (its API reference)."""
    secret = versions.find(data.get("SecretId", "")) or {}
    function = data.get("RotationLambdaARN") or secret.get("RotationLambdaARN")
    return function is None or secrets_caller.may("lambda:InvokeFunction", function)


def _answer(operation: Callable[[dict[str, Any]], dict[str, Any]], data: dict[str, Any]) -> Answer:
    try:
        return json_answer(operation(data))
    except ServiceError as error:
        return error.answer()

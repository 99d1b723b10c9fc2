"""The end of secrets: the service events of their versions, and the end of the recovery window.

CloudTrail has StartSecretVersionDelete when a secret is marked for deletion, CancelSecretVersionDelete when it is
restored and EndSecretVersionDelete when it is gone ("Log AWS Secrets Manager events with AWS CloudTrail"). ministack
emits none of them, and a secret stays marked for ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.core.responses import request_scope
from ministack.services import secretsmanager

from localcloud.emulator import clock, patches
from localcloud.emulator.rotation import events, versions

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.emulator.answers import Answer
    from localcloud.emulator.emulator import Emulator


def install(emulator: Emulator) -> None:
    """Emit the events, and end what is due whenever the clock comes to it."""
    patches.require(secretsmanager, "_secrets")
    patches.replace(secretsmanager, "_delete_secret", "(data)", _delete)
    patches.replace(secretsmanager, "_restore_secret", "(data)", _restore)
    patches.replace(secretsmanager, "_purge_secret", "(key, secret)", _purge)
    emulator.timetable.add(_next_end, _end_due)


def _delete(original: Callable[..., Answer], data: dict[str, Any]) -> Answer:
    return _telling("StartSecretVersionDelete", original, data)


def _restore(original: Callable[..., Answer], data: dict[str, Any]) -> Answer:
    return _telling("CancelSecretVersionDelete", original, data)


def _telling(name: str, original: Callable[..., Answer], data: dict[str, Any]) -> Answer:
    secret = versions.find(data.get("SecretId", ""))
    marked = secret is not None and bool(secret.get("DeletedDate"))
    answer = original(data)
    if secret is not None and bool(secret.get("DeletedDate")) is not marked:
        _emit(name, secret)
    return answer


def _purge(original: Callable[..., None], key: str, secret: versions.Secret) -> None:
    original(key, secret)
    _emit("EndSecretVersionDelete", secret)


def _emit(name: str, secret: versions.Secret) -> None:
    for version_id in secret["Versions"]:
        events.emit(name, secret["ARN"], SecretVersionId=version_id)


def _marked() -> list[tuple[tuple[str, str, str], versions.Secret]]:
    return [(key, secret) for key, secret in list(secretsmanager._secrets._data.items()) if secret.get("DeletedDate")]


def _next_end() -> float | None:
    return min((secret["DeletedDate"] for _, secret in _marked()), default=None)


def _end_due() -> None:
    for (account, region, name), secret in _marked():
        if secret["DeletedDate"] <= clock.now():
            with request_scope(account, region):
                secretsmanager._purge_secret(name, secret)

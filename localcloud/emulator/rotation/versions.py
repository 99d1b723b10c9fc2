"""Versions and staging labels of a secret in ministack's own record of it."""

from __future__ import annotations

import uuid
from typing import Any

from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import secretsmanager

from localcloud.emulator import clock, patches
from localcloud.emulator.answers import ServiceError

Secret = dict[str, Any]

CURRENT = "AWSCURRENT"
PENDING = "AWSPENDING"

_resolve = patches.expect(secretsmanager, "_resolve", "(secret_id, *, use_arn_scope=False)")
find_label = patches.expect(secretsmanager, "_find_stage_version", "(secret, stage)")
remove_label = patches.expect(secretsmanager, "_remove_stage_everywhere", "(secret, stage, except_version_id=None)")


def find(secret_id: str) -> Secret | None:
    """Return the record of a secret by its name or ARN."""
    return _resolve(secret_id)[1]  # type: ignore[no-any-return]


def owner(secret_id: str) -> str | None:
    """Return the account which an ARN names when it is another one than the caller's, else None."""
    account = secret_id.split(":")[4] if secret_id.startswith("arn:aws:secretsmanager:") else get_account_id()
    return None if account == get_account_id() else account


def find_anywhere(secret_id: str) -> Secret | None:
    """Return the record of a secret that may be another account's, for policies alone."""
    with request_scope(owner(secret_id) or get_account_id(), get_region()):
        return find(secret_id)


def require(secret_id: str) -> Secret:
    """Return the record of a secret that can be worked with.

    :raises ServiceError: there is none, or it is marked for deletion.
    """
    secret = find(secret_id)
    if secret is None:
        raise ServiceError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
    if secret.get("DeletedDate"):
        raise ServiceError(
            "InvalidRequestException",
            "You can't perform this operation on the secret because it was marked for deletion.",
        )
    return secret


def unfinished(secret: Secret) -> str | None:
    """Return the version of a rotation that began and did not end: AWSPENDING anywhere but on the current version."""
    version_id, version = find_label(secret, PENDING)
    return None if version is None or CURRENT in version["Stages"] else version_id


def add_pending(secret: Secret, version_id: str, value: dict[str, Any] | None = None) -> None:
    """Create the version that a rotation fills, without a value by default."""
    remove_label(secret, PENDING)
    secret["Versions"][version_id] = {
        "SecretString": (value or {}).get("SecretString"),
        "SecretBinary": (value or {}).get("SecretBinary"),
        "CreatedDate": int(clock.now()),
        "Stages": [PENDING],
    }


def new_token(secret: Secret, token: str | None) -> str:
    """Return the id of a version to come.

    :raises ServiceError: the caller's token already names a version.
    """
    if token and token in secret["Versions"]:
        raise ServiceError("ResourceExistsException", f"The secret already has a version with the token {token}.")
    return token or str(uuid.uuid4())

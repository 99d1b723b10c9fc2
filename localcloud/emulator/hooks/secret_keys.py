"""The KMS key of a secret.

AWS: "When Secrets Manager uses an AWS KMS key in cryptographic operations, it acts on behalf of the user who is
accessing or updating the secret value" ("Secret encryption and decryption in AWS Secrets Manager"), with the encryption
context SecretARN and SecretVersionId. So reading needs kms:Decrypt and writing kms:GenerateDataKey, in the key policy
too, and an enabled key. ministack hands out values without asking KMS at all.

CreateSecret is not checked: a secret's ARN, which policies condition on, does not exist before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import kms, secretsmanager

from localcloud.emulator import patches
from localcloud.emulator.answers import Answer, ServiceError
from localcloud.emulator.hooks import secrets_caller
from localcloud.emulator.rotation import versions

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.emulator.emulator import Emulator

    Handler = Callable[[dict[str, Any]], Answer]

_READ = ("kms:Decrypt",)
_WRITE = ("kms:GenerateDataKey",)
_UPDATE = ("kms:GenerateDataKey", "kms:Decrypt")

_resolve_key = patches.expect(kms, "_resolve_key", "(key_id_or_arn)")


def install(_: Emulator) -> None:
    """Ask KMS before a value is read or written."""
    patches.replace(secretsmanager, "_get_secret_value", "(data)", _checked(_READ, _read_version))
    patches.replace(secretsmanager, "_put_secret_value", "(data)", _checked(_WRITE, _written_version))
    patches.replace(secretsmanager, "_update_secret", "(data)", _checked(_UPDATE, _written_version))


def _checked(
    actions: tuple[str, ...], version_of: Callable[[versions.Secret, dict[str, Any]], str | None]
) -> Callable[[Handler, dict[str, Any]], Answer]:
    def handler(original: Handler, data: dict[str, Any]) -> Answer:
        secret = versions.find(data.get("SecretId", ""))
        if secret is not None and secret.get("KmsKeyId"):
            try:
                _require_key(secret, actions, version_of(secret, data))
            except ServiceError as error:
                return error.answer()
        return original(data)

    return handler


def _read_version(secret: versions.Secret, data: dict[str, Any]) -> str | None:
    label: str | None = versions.find_label(secret, data.get("VersionStage", versions.CURRENT))[0]
    return data.get("VersionId") or label


def _written_version(_: versions.Secret, data: dict[str, Any]) -> str | None:
    return data.get("ClientRequestToken")


def _require_key(secret: versions.Secret, actions: tuple[str, ...], version_id: str | None) -> None:
    key, caller = _resolve_key(secret["KmsKeyId"]), secrets_caller.caller()
    context = {
        "kms:ViaService": f"secretsmanager.{get_region()}.amazonaws.com",
        "kms:CallerAccount": caller.account if caller else get_account_id(),
        "kms:EncryptionContextKeys": ["SecretARN", "SecretVersionId"],
        "kms:EncryptionContext:SecretARN": secret["ARN"],
        "kms:EncryptionContext:SecretVersionId": version_id,
    }
    for action in actions:
        arn = key["Arn"] if key else secret["KmsKeyId"]
        if not secrets_caller.may(action, arn, context):
            raise ServiceError("AccessDeniedException", "Access to KMS is not allowed")
    if key is None or key["KeyState"] != "Enabled":
        raise _unusable(actions)


def _unusable(actions: tuple[str, ...]) -> ServiceError:
    if actions == _READ:
        return ServiceError(
            "DecryptionFailure", "Secrets Manager can't decrypt the protected secret text using the provided KMS key."
        )
    return ServiceError(
        "EncryptionFailure",
        "Secrets Manager can't encrypt the protected secret text using the provided KMS key. Check that the KMS key is "
        "available, enabled, and not in an invalid state.",
    )

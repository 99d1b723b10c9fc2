"""Condition keys that ministack's policy evaluation lacks or gets wrong.

- `aws:PrincipalArn` is the ARN of the *role* for a role session ("AWS global condition context keys", IAM User Guide);
  ministack compares the session's ARN, so that an allowlist of roles denies everybody.
- `secretsmanager:VersionStage`, `VersionId`, `SecretId` and `ResourceTag` ("Actions, resources, and condition keys for
  AWS Secrets Manager") are never set, so that conditions on them always fail. A GetSecretValue that names neither stage
  nor version asks for AWSCURRENT (API reference); one that names a version alone has no stage in its context.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id
from ministack.services import iam

from localcloud.emulator import patches
from localcloud.emulator.rotation import versions

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.emulator.emulator import Emulator


def install(_: Emulator) -> None:
    """Set the keys."""
    patches.require(iam, "_roles")
    patches.replace(iam_evaluator, "_resolve_condition_key", "(key, ctx)", _condition_key)
    patches.replace(iam_actions, "request_tag_context", "(service, iam_action, body, params)", _context)


def _role_arn(principal_arn: str) -> str:
    if ":assumed-role/" not in principal_arn:
        return principal_arn
    account, name = principal_arn.split(":")[4], principal_arn.split("/")[1]
    role: dict[str, Any] = iam._roles.get_scoped(account, None, name) or {}
    return str(role.get("Arn", f"arn:aws:iam::{account}:role/{name}"))


def _condition_key(original: Callable[..., Any], key: str, ctx: Any) -> Any:
    if key.lower() == "aws:principalarn":
        return _role_arn(ctx.principal_arn)
    return original(key, ctx)


def _context(
    original: Callable[..., dict[str, Any]], service: str, iam_action: str, body: bytes, params: dict[str, Any]
) -> dict[str, Any]:
    context = original(service, iam_action, body, params)
    own = _OWN_CONTEXT.get(service)
    return context if own is None else context | own(iam_action, _document(body))


def _document(body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body)
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}


def _secret_context(iam_action: str, request: dict[str, Any]) -> dict[str, Any]:
    secret = versions.find_anywhere(request.get("SecretId", ""))
    if secret is None:
        return {}
    return _tag_context(secret) | _version_context(iam_action, request)


def _key_context(_: str, request: dict[str, Any]) -> dict[str, Any]:
    given = request.get("EncryptionContext") or {}
    context: dict[str, Any] = {f"kms:EncryptionContext:{key}": value for key, value in given.items()}
    return context | {"kms:EncryptionContextKeys": list(given), "kms:CallerAccount": get_account_id()}


_OWN_CONTEXT = {"secretsmanager": _secret_context, "kms": _key_context}


def _tag_context(secret: versions.Secret) -> dict[str, Any]:
    context = {"secretsmanager:SecretId": secret["ARN"]}
    for tag in secret.get("Tags") or []:
        context[f"aws:ResourceTag/{tag['Key']}"] = tag["Value"]
        context[f"secretsmanager:ResourceTag/{tag['Key']}"] = tag["Value"]
    return context


def _version_context(iam_action: str, request: dict[str, Any]) -> dict[str, Any]:
    version_id, stage = request.get("VersionId"), request.get("VersionStage")
    if iam_action == "secretsmanager:GetSecretValue" and not version_id:
        stage = stage or versions.CURRENT
    keys = {"secretsmanager:VersionId": version_id, "secretsmanager:VersionStage": stage}
    return {key: value for key, value in keys.items() if value}

"""Reading a secret of another account.

AWS: the reader's own policy, the secret's and the policy of its key have to allow it; a secret under the key that AWS
manages cannot be read from outside ("Access AWS Secrets Manager secrets from a different account", User Guide).
ministack finds no secret but the caller's own account's and never asks the policies of another's.

The root of another account gets nothing here, and GetSecretValue and DescribeSecret are all that is played.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import secretsmanager

from localcloud.emulator import patches
from localcloud.emulator.answers import Answer, ServiceError
from localcloud.emulator.hooks import secrets_caller
from localcloud.emulator.rotation import versions

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.emulator.emulator import Emulator

    Handler = Callable[[dict[str, Any]], Answer]

_DEFAULT_KEY = (
    "You can't access a secret from a different AWS account if you encrypt the secret with the default KMS service key."
)


def install(_: Emulator) -> None:
    """Serve readers of other accounts."""
    patches.replace(secretsmanager, "secret_policy_for_arn", "(resource_arn)", _policy)
    patches.replace(secretsmanager, "_get_secret_value", "(data)", _get_secret_value)
    patches.replace(secretsmanager, "_describe_secret", "(data)", _in_its_account)


def _policy(original: Callable[[str], tuple[str, str] | None], resource_arn: str) -> tuple[str, str] | None:
    owner = versions.owner(resource_arn)
    if owner is None:
        return original(resource_arn)
    with request_scope(owner, get_region()):
        return original(resource_arn)


def _get_secret_value(original: Handler, data: dict[str, Any]) -> Answer:
    return _in_its_account(lambda request: _under_customer_key(original, request), data)


def _in_its_account(original: Handler, data: dict[str, Any]) -> Answer:
    """Serve a request, for which the policies were asked already, in the account that has the secret."""
    owner, caller = versions.owner(data.get("SecretId", "")), secrets_caller.caller()
    if owner is None or caller is None or caller.is_root:
        return original(data)
    with request_scope(owner, get_region()):
        return original(data)


def _under_customer_key(original: Handler, data: dict[str, Any]) -> Answer:
    secret, caller = versions.find(data.get("SecretId", "")), secrets_caller.caller()
    foreign = caller is not None and caller.account != get_account_id()
    if foreign and secret is not None and not secret.get("KmsKeyId"):
        return ServiceError("InvalidRequestException", _DEFAULT_KEY).answer()
    return original(data)

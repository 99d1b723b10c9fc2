"""Replicas of secrets in other regions, which ministack has, but for taking them away.

- RemoveRegionsFromReplication is unknown; a region that a template drops keeps its replica.
- A secret that has replicas is deleted with them. AWS refuses: they have to go first ("Delete an AWS Secrets Manager
  secret", User Guide). CloudFormation takes both away.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ministack.core.responses import get_account_id
from ministack.services import secretsmanager

from localcloud.emulator import patches
from localcloud.emulator.answers import Answer, ServiceError, json_answer
from localcloud.emulator.hooks import cloudformation
from localcloud.emulator.rotation import versions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from localcloud.emulator.emulator import Emulator
    from localcloud.emulator.hooks.cloudformation import Created, Properties

    Handler = Callable[[dict[str, Any]], Answer]


def install(_: Emulator) -> None:
    """Add the operation and correct deletion."""
    patches.require(secretsmanager, "_secrets", "_resource_policies")
    patches.replace(secretsmanager, "handle_request", "(method, path, headers, body, query_params)", _handle)
    patches.replace(secretsmanager, "_delete_secret", "(data)", _delete)
    update_signature = "(physical_id, old_props, new_props, stack_name, logical_id=None)"
    cloudformation.wrap("AWS::SecretsManager::Secret", "update", update_signature, _update)


async def _handle(original: Callable[..., Awaitable[Answer]], *request: Any) -> Answer:
    _method, _path, headers, body, _query = request
    if not headers.get("x-amz-target", "").endswith(".RemoveRegionsFromReplication"):
        return await original(*request)
    data = json.loads(body)
    try:
        secret = versions.require(data.get("SecretId", ""))
    except ServiceError as error:
        return error.answer()
    _remove(secret, set(data.get("RemoveReplicaRegions") or ()))
    return json_answer({"ARN": secret["ARN"], "ReplicationStatus": secret["ReplicationStatus"]})


def _remove(secret: versions.Secret, regions: set[str]) -> None:
    account = get_account_id()
    for region in regions & {status["Region"] for status in secret.get("ReplicationStatus") or []}:
        replica = secretsmanager._secrets.get_scoped(account, region, secret["Name"])
        # A secret of the same name that is no replica of this one stays.
        if replica is not None and replica.get("_PrimarySecretArn") == secret["ARN"]:
            secretsmanager._secrets.pop_scoped(account, region, secret["Name"], None)
            secretsmanager._resource_policies.pop_scoped(account, region, replica["ARN"], None)
    kept = [status for status in secret.get("ReplicationStatus") or [] if status["Region"] not in regions]
    secret["ReplicationStatus"] = kept


def _delete(original: Handler, data: dict[str, Any]) -> Answer:
    secret = versions.find(data.get("SecretId", ""))
    if secret is not None and secret.get("ReplicationStatus"):
        regions = ", ".join(status["Region"] for status in secret["ReplicationStatus"])
        message = f"You can't delete secret {secret['Name']} that still has replica regions: {regions}."
        return ServiceError("InvalidRequestException", message).answer()
    return original(data)


def _update(
    original: Callable[..., Created], physical_id: str, old: Properties, new: Properties, *names: Any
) -> Created:
    created = original(physical_id, old, new, *names)
    secret = versions.find(created[0])
    if secret is not None:
        _remove(secret, _regions(old) - _regions(new))
    return created


def _regions(properties: Properties) -> set[str]:
    return {replica["Region"] for replica in properties.get("ReplicaRegions") or []}

"""Resource policies of secrets.

- `AWS::SecretsManager::ResourcePolicy` is missing. It blocks policies that allow broad access unless told otherwise
  (CloudFormation's resource reference), the API only when told to (BlockPublicPolicy of PutResourcePolicy).
- PutResourcePolicy takes anything in ministack. AWS refuses what is no policy, and statements for a role or user that
  does not exist (MalformedPolicyDocumentException), and broad access (PublicPolicyException).

AWS decides about broad access by automated reasoning. Here it is a statement that allows everybody, unless a condition
ties the caller to values without a wildcard at their beginning.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ministack.core import iam_evaluator
from ministack.services import iam, secretsmanager
from ministack.services.cloudformation import provisioners

from localcloud.emulator import patches
from localcloud.emulator.answers import Answer, ServiceError, content_of
from localcloud.emulator.hooks import cloudformation
from localcloud.emulator.hooks.cloudformation import ResourceType
from localcloud.emulator.rotation import versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localcloud.emulator.emulator import Emulator
    from localcloud.emulator.hooks.cloudformation import Created, Properties

    Handler = Callable[[dict[str, Any]], Answer]
    Statement = dict[str, Any]

_validate = patches.expect(iam_evaluator, "validate_policy_document", "(doc)")
_delete = patches.expect(secretsmanager, "_delete_resource_policy", "(data)")

_TYING_OPERATORS = ("ArnEquals", "ArnLike", "StringEquals", "StringEqualsIgnoreCase", "StringLike")
_TYING_KEYS = (
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
)


def install(_: Emulator) -> None:
    """Check policies and add the type."""
    patches.require(iam, "_roles", "_users")
    patches.replace(secretsmanager, "_put_resource_policy", "(data)", _put)
    cloudformation.add(
        "AWS::SecretsManager::ResourcePolicy",
        ResourceType(
            create=lambda _logical_id, properties, _stack: _attach(properties),
            update=lambda _physical_id, _old, new: _attach(new),
            delete=_detach,
            replaced_by=("SecretId",),
        ),
    )


def _put(original: Handler, data: dict[str, Any]) -> Answer:
    malformed = _validate(data.get("ResourcePolicy", ""))
    if malformed:
        return ServiceError("MalformedPolicyDocumentException", malformed).answer()
    statements = list(_statements(data["ResourcePolicy"]))
    unknown = [name for statement in statements for name in _principals(statement) if not _exists(name)]
    if unknown:
        message = f"This resource policy contains an unsupported principal: {unknown[0]}."
        return ServiceError("MalformedPolicyDocumentException", message).answer()
    if data.get("BlockPublicPolicy") and any(_is_broad(statement) for statement in statements):
        message = (
            "You can't attach a resource policy that allows broad access to the secret while BlockPublicPolicy is on."
        )
        return ServiceError("PublicPolicyException", message).answer()
    return original(data)


def _statements(policy: str) -> Iterator[Statement]:
    found = json.loads(policy)["Statement"]
    yield from [found] if isinstance(found, dict) else found


def _principals(statement: Statement) -> list[str]:
    """Return the AWS principals of a statement, `*` among them."""
    principal = statement.get("Principal", {})
    named = principal.get("AWS", []) if isinstance(principal, dict) else principal
    return [named] if isinstance(named, str) else list(named)


def _exists(principal: str) -> bool:
    """Whether a principal that is a role or a user exists; True for every other kind."""
    if not principal.startswith("arn:aws:iam::"):
        return True
    account, (kind, _, path) = principal.split(":")[4], principal.split(":")[5].partition("/")
    table = {"role": iam._roles, "user": iam._users}.get(kind)
    return table is None or table.get_scoped(account, None, path.rpartition("/")[2]) is not None


def _is_broad(statement: Statement) -> bool:
    if statement["Effect"] != "Allow" or "*" not in _principals(statement):
        return False
    conditions = statement.get("Condition") or {}
    return not any(
        operator in _TYING_OPERATORS and key.lower() in _TYING_KEYS and _is_fixed(values)
        for operator, keys in conditions.items()
        for key, values in keys.items()
    )


def _is_fixed(values: str | list[str]) -> bool:
    return all(not value.startswith("*") for value in ([values] if isinstance(values, str) else values))


def _attach(properties: Properties) -> Created:
    request = {
        "SecretId": properties["SecretId"],
        "ResourcePolicy": json.dumps(properties["ResourcePolicy"]),
        "BlockPublicPolicy": provisioners._cfn_bool(properties.get("BlockPublicPolicy", True)),
    }
    try:
        # Looked up at the call, not at import: the check above replaces it.
        arn = content_of(secretsmanager._put_resource_policy(request))["ARN"]
    except ServiceError as error:
        raise ValueError(f"{error.code}: {error}") from error
    return arn, {"Id": arn}


def _detach(physical_id: str, _: Properties) -> None:
    if versions.find(physical_id) is not None:
        _delete({"SecretId": physical_id})

"""Resource types of Secrets Manager.

- `AWS::SecretsManager::Secret`: Ref is the ARN (CloudFormation's reference), with ministack the name, which makes the
  statements that the CDK writes match nothing. A secret without a name is named after its logical id and 12 random
  characters, which the CDK's `secret_name` counts on; ministack puts the stack's name before. GenerateSecretString's
  flags are honoured as GetRandomPassword does it.
- `AWS::SecretsManager::SecretTargetAttachment`: AWS writes `dbInstanceIdentifier`, and `username` where it is missing.
"""

from __future__ import annotations

import json
import secrets
import string
from typing import TYPE_CHECKING, Any

from ministack.services import rds, secretsmanager
from ministack.services.cloudformation import provisioners

from localcloud.emulator import patches
from localcloud.emulator.answers import content_of
from localcloud.emulator.hooks import cloudformation
from localcloud.emulator.rotation import versions

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.emulator.emulator import Emulator
    from localcloud.emulator.hooks.cloudformation import Created, Properties

_NAME_CHARACTERS = string.ascii_letters + string.digits
_random_password = patches.expect(secretsmanager, "_get_random_password", "(data)")


def install(emulator: Emulator) -> None:
    """Add and correct the types."""
    _correct_secret(emulator)
    patches.replace(provisioners, "_sm_target_connection", "(target_type, target_id)", _target_connection)
    patches.replace(provisioners, "_sm_rewrite_secret", "(secret_id, info, resource_type, action)", _rewrite_secret)


def _correct_secret(emulator: Emulator) -> None:
    kind = "AWS::SecretsManager::Secret"

    def generate(_: Callable[..., str], props: Properties) -> str:
        value = _secret_string(props)
        emulator.capture(value)
        return value

    patches.replace(provisioners, "_sm_secret_string", "(props)", generate)
    cloudformation.wrap(kind, "create", "(logical_id, props, stack_name)", _create_secret)
    update_signature = "(physical_id, old_props, new_props, stack_name, logical_id=None)"
    cloudformation.wrap(kind, "update", update_signature, _update_secret)
    cloudformation.wrap(kind, "delete", "(physical_id, props)", _delete_secret)


def _secret_string(props: Properties) -> str:
    generate = props.get("GenerateSecretString")
    if props.get("SecretString") or generate is None:
        return str(props.get("SecretString", ""))
    flags = {key: provisioners._cfn_bool(value) for key, value in generate.items() if key in _PASSWORD_FLAGS}
    length = {"PasswordLength": int(generate.get("PasswordLength", 32))}
    excluded = {"ExcludeCharacters": generate.get("ExcludeCharacters", "")}
    password = content_of(_random_password(flags | length | excluded))["RandomPassword"]
    if "SecretStringTemplate" not in generate:
        return str(password)
    return json.dumps(json.loads(generate["SecretStringTemplate"]) | {generate["GenerateStringKey"]: password})


_PASSWORD_FLAGS = (
    "ExcludeLowercase",
    "ExcludeNumbers",
    "ExcludePunctuation",
    "ExcludeUppercase",
    "IncludeSpace",
    "RequireEachIncludedType",
)


def _create_secret(original: Callable[..., Created], logical_id: str, props: Properties, stack_name: str) -> Created:
    name = props.get("Name")
    if name and versions.find(name) is not None:
        raise ValueError(f"A secret with the name {name} already exists: choose another name or delete it.")
    _, attributes = original(logical_id, {**props, "Name": name or _generated_name(logical_id)}, stack_name)
    return attributes["Arn"], attributes


def _generated_name(logical_id: str) -> str:
    return f"{logical_id}-{''.join(secrets.choice(_NAME_CHARACTERS) for _ in range(12))}"


def _update_secret(
    original: Callable[..., Created],
    physical_id: str,
    old_props: Properties,
    new_props: Properties,
    *names: Any,
) -> Created:
    name = _name(physical_id)
    # Without one, ministack would expect the name that it makes itself.
    named = ({"Name": name, **properties} for properties in (old_props, new_props))
    _, attributes = original(name, *named, *names)
    return attributes["Arn"], attributes


def _delete_secret(original: Callable[..., None], physical_id: str, props: Properties) -> None:
    original(_name(physical_id), props)


def _name(secret_id: str) -> str:
    secret = versions.find(secret_id)
    return str(secret["Name"]) if secret else secret_id


def _target_connection(original: Callable[..., dict[str, Any]], target_type: str, target_id: str) -> dict[str, Any]:
    connection = original(target_type, target_id)
    if target_type == "AWS::RDS::DBInstance":
        connection["dbInstanceIdentifier"] = target_id
    return connection


def _rewrite_secret(
    original: Callable[..., str | None], secret_id: str, info: dict[str, Any], resource_type: str, action: str
) -> str | None:
    """Complete a value that lacks the user name, and take away on detaching what attaching wrote."""
    secret = versions.find(secret_id)
    instance = rds._instances.get(info.get("dbInstanceIdentifier", ""))
    current = versions.find_label(secret, versions.CURRENT)[1] if secret else None
    if instance and current and "username" not in json.loads(current["SecretString"] or "{}"):
        info = {"username": instance["MasterUsername"], **info}
    return original(secret_id, info, resource_type, action)

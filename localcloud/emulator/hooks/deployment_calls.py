"""What CloudFormation does to secrets, keys and trails, as CloudTrail records it.

CloudFormation calls the services in the role of the stack, or as who deploys; the record says that it was invoked by
CloudFormation. ministack does it without a call, so that a deployment would leave no trace of its reads. The calls are
those which the permissions of the resource types' handlers name (CloudFormation registry).
"""

from __future__ import annotations

import uuid
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from ministack.core.responses import get_account_id, get_region
from ministack.core.router import extract_access_key_id
from ministack.services.cloudformation import engine, provisioners

from localcloud.emulator import patches, spelling, trail
from localcloud.emulator.identity import service_session, user_identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from localcloud.emulator.emulator import Emulator
    from localcloud.emulator.hooks.cloudformation import Properties

_SERVICE = "cloudformation.amazonaws.com"


@dataclass(frozen=True)
class Call:
    """One call of CloudFormation's.

    :param source: the service, such as `kms`.
    :param request: as the service takes it.
    """

    source: str
    name: str
    request: dict[str, Any]


# In whose name CloudFormation works on the stack of the request that is being served.
_identity: ContextVar[dict[str, Any] | None] = ContextVar("localcloud_deployment", default=None)
_roles: dict[tuple[str, str, str], str] = {}


def install(_: Emulator) -> None:
    """Record what is done to resources of the types below, and what dynamic references read."""
    for kind, operations in _CALLS.items():
        handler = dict(provisioners._RESOURCE_HANDLERS[kind])
        for operation, calls in operations.items():
            handler[operation] = _recording(handler[operation], calls)
        provisioners._RESOURCE_HANDLERS[kind] = handler
    patches.replace(engine, "_resolve_dynamic_reference", "(literal)", _resolve)


def remember_sender(headers: dict[str, str], body: bytes, query_params: dict[str, Any]) -> None:
    """Remember in whose name a request of CloudFormation's API is carried out, for it goes on after the answer.

    A role that was given once is that of every later operation on the stack (API reference of CreateChangeSet).
    """
    form = {name: values[0] for name, values in parse_qs(body.decode(errors="replace")).items()}
    stack = form.get("StackName", "").partition("/")[2].partition("/")[0] or form.get("StackName", "")
    key = (get_account_id(), get_region(), stack)
    if form.get("RoleARN"):
        _roles[key] = form["RoleARN"]
    identity = (
        service_session(_roles[key], "AWSCloudFormation")
        if key in _roles
        else user_identity(extract_access_key_id(headers, query_params) or "")
    )
    _identity.set(identity)


def _recording(original: Callable[..., Any], calls: Callable[..., Iterable[Call]]) -> Callable[..., Any]:
    def handle(*arguments: Any, **names: Any) -> Any:
        result = original(*arguments, **names)
        # A resource is created by its logical id, and changed or deleted by its physical one.
        physical_id = result[0] if isinstance(result, tuple) else arguments[0]
        properties = [argument for argument in arguments if isinstance(argument, dict)]
        for call in calls(physical_id, *properties):
            _record(call)
        return result

    return handle


def _resolve(original: Callable[[str], str], literal: str) -> str:
    value = original(literal)
    service, _, reference = literal.strip("{}").removeprefix("resolve:").partition(":")
    if service == "secretsmanager":
        parts = reference.split(":")
        secret = ":".join(parts[:7]) if reference.startswith("arn:") else parts[0]
        _record(Call("secretsmanager", "GetSecretValue", {"SecretId": secret}))
    return value


def _record(call: Call) -> None:
    identity = _identity.get()
    if identity is None:
        return
    event = trail.new_event(
        userIdentity={**identity, "invokedBy": _SERVICE},
        eventSource=f"{call.source}.amazonaws.com",
        eventName=call.name,
        eventType="AwsApiCall",
        sourceIPAddress=_SERVICE,
        userAgent=_SERVICE,
        requestID=str(uuid.uuid4()),
        requestParameters=spelling.request_parameters(call.request),
        readOnly=call.name.startswith("Get"),
    )
    trail.record(event)


def _secret(name: str, secret_id: str, **request: Any) -> Call:
    return Call("secretsmanager", name, {"SecretId": secret_id, **request})


def _create_secret(_: str, new: Properties) -> list[Call]:
    shown: Properties = {key: new[key] for key in ("Name", "Description", "KmsKeyId", "Tags") if key in new}
    return [Call("secretsmanager", "CreateSecret", shown)]


def _update_secret(arn: str, old: Properties, new: Properties) -> list[Call]:
    shown = ("Description", "KmsKeyId")
    changes = {key: value for key, value in new.items() if key != "Tags" and value != old.get(key)}
    calls = [_secret("UpdateSecret", arn, **{key: new[key] for key in shown if key in new})] if changes else []
    return calls + _retag(arn, old.get("Tags") or [], new.get("Tags") or [])


def _retag(arn: str, old: list[dict[str, str]], new: list[dict[str, str]]) -> list[Call]:
    added = [tag for tag in new if tag not in old]
    removed = sorted({tag["Key"] for tag in old} - {tag["Key"] for tag in new})
    calls = [_secret("TagResource", arn, Tags=added)] if added else []
    return calls + ([_secret("UntagResource", arn, TagKeys=removed)] if removed else [])


def _attach(arn: str, *_: Properties) -> list[Call]:
    return [_secret("GetSecretValue", arn), _secret("PutSecretValue", arn)]


def _rotate(arn: str, *properties: Properties) -> list[Call]:
    function, rules = properties[-1].get("RotationLambdaARN"), properties[-1].get("RotationRules")
    given = {"RotationLambdaARN": function, "RotationRules": rules}
    return [_secret("RotateSecret", arn, **{key: value for key, value in given.items() if value is not None})]


def _put_policy(_: str, *properties: Properties) -> list[Call]:
    return [_secret("PutResourcePolicy", properties[-1]["SecretId"])]


def _create_key(key: str, new: Properties) -> list[Call]:
    rotating = provisioners._cfn_bool(new.get("EnableKeyRotation", False))
    rotation = [Call("kms", "EnableKeyRotation", {"KeyId": key})] if rotating else []
    return [Call("kms", "CreateKey", {}), *rotation]


def _update_key(key: str, old: Properties, new: Properties) -> list[Call]:
    """Return the calls for the policy and for being enabled, the two that matter to who uses the key."""
    calls = []
    if old.get("KeyPolicy") != new.get("KeyPolicy"):
        calls.append(Call("kms", "PutKeyPolicy", {"KeyId": key, "PolicyName": "default"}))
    enabled = [provisioners._cfn_bool(each.get("Enabled", True)) for each in (old, new)]
    if enabled[0] != enabled[1]:
        calls.append(Call("kms", "EnableKey" if enabled[1] else "DisableKey", {"KeyId": key}))
    return calls


def _delete_key(key: str, old: Properties) -> list[Call]:
    days = int(old.get("PendingWindowInDays") or 30)
    return [Call("kms", "ScheduleKeyDeletion", {"KeyId": key, "PendingWindowInDays": days})]


def _create_trail(name: str, new: Properties) -> list[Call]:
    return [Call("cloudtrail", "CreateTrail", {"Name": name}), *_logging(name, new)]


def _update_trail(name: str, _: Properties, new: Properties) -> list[Call]:
    return [Call("cloudtrail", "UpdateTrail", {"Name": name}), *_logging(name, new)]


def _logging(name: str, new: Properties) -> list[Call]:
    logs = provisioners._cfn_bool(new["IsLogging"])
    return [Call("cloudtrail", "StartLogging" if logs else "StopLogging", {"Name": name})]


_CALLS: dict[str, dict[str, Callable[..., Iterable[Call]]]] = {
    "AWS::SecretsManager::Secret": {
        "create": _create_secret,
        "update": _update_secret,
        "delete": lambda arn, _: [_secret("DeleteSecret", arn)],
    },
    "AWS::SecretsManager::SecretTargetAttachment": {"create": _attach, "update": _attach, "delete": _attach},
    "AWS::SecretsManager::RotationSchedule": {
        "create": _rotate,
        "update": _rotate,
        "delete": lambda arn, _: [_secret("CancelRotateSecret", arn)],
    },
    "AWS::SecretsManager::ResourcePolicy": {
        "create": _put_policy,
        "update": _put_policy,
        "delete": lambda _, old: [_secret("DeleteResourcePolicy", old["SecretId"])],
    },
    "AWS::KMS::Key": {"create": _create_key, "update": _update_key, "delete": _delete_key},
    "AWS::CloudTrail::Trail": {
        "create": _create_trail,
        "update": _update_trail,
        "delete": lambda name, _: [Call("cloudtrail", "DeleteTrail", {"Name": name})],
    },
}

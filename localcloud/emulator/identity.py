"""Who called, as CloudTrail writes it ("CloudTrail userIdentity element", CloudTrail User Guide)."""

from __future__ import annotations

from typing import Any

from ministack.core import iam_evaluator
from ministack.services import iam

from localcloud.emulator import clock, patches

_identity_of = patches.expect(iam_evaluator, "resolve_caller_identity", "(access_key_id)")


def user_identity(access_key: str) -> dict[str, Any] | None:
    """Return the identity behind an access key, None for a key that nobody has."""
    caller = _identity_of(access_key)
    return None if caller is None else _user_identity(caller, access_key)


def service_session(role_arn: str, session: str) -> dict[str, Any]:
    """Return the identity of a service that acts in a role."""
    account, name = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    arn = f"arn:aws:sts::{account}:assumed-role/{name}/{session}"
    role = iam._roles.get_scoped(account, None, name) or {}  # noqa: SLF001  # no public accessor
    caller = {"userArn": arn, "userId": f"{role.get('RoleId', '')}:{session}", "session": {}}
    identity = _user_identity(caller, "")
    del identity["accessKeyId"]
    return identity


def foreign_identity(identity: dict[str, Any]) -> dict[str, Any]:
    """Return what the owner of a resource is told about a caller of another account."""
    return {"type": "AWSAccount", "principalId": identity["principalId"], "accountId": identity["accountId"]}


def _user_identity(caller: dict[str, Any], access_key: str) -> dict[str, Any]:
    arn, account = caller["userArn"], caller["userArn"].split(":")[4]
    shared = {"principalId": caller["userId"], "arn": arn, "accountId": account, "accessKeyId": access_key}
    if ":assumed-role/" not in arn:
        kind = "Root" if arn.endswith(":root") else "IAMUser"
        return {"type": kind, **shared} | ({"userName": arn.rsplit("/", 1)[-1]} if kind == "IAMUser" else {})
    _, name, session = arn.split("/")
    role = iam._roles.get_scoped(account, None, name) or {}  # noqa: SLF001  # no public accessor
    issuer = {
        "type": "Role",
        "principalId": role.get("RoleId", ""),
        "arn": role.get("Arn", ""),
        "accountId": account,
        "userName": name,
    }
    issued = caller["session"].get("IssuedAt") or clock.now()
    attributes = {"creationDate": clock.iso(issued), "mfaAuthenticated": "false"}
    context = {"sessionIssuer": issuer, "webIdFederationData": {}, "attributes": attributes}
    principal = {"principalId": f"{role.get('RoleId', '')}:{session}"}
    return {"type": "AssumedRole", **shared, **principal, "sessionContext": context}

"""Credentials of a role for processes on this machine, in the shape of the container credential provider.

ministack's own task-credential endpoint hands out keys that its evaluator does not know. Here they are registered as a
session of the role, so that everything the caller does is judged by the role's policies.
"""

from __future__ import annotations

import secrets
from typing import Any

from ministack.services import iam, sts

from localcloud.emulator import clock, service_access
from localcloud.emulator.settings import ACCOUNT

_SECONDS = 3600
_SESSION = "local"


class UnknownRoleError(Exception):
    """No role has that name."""


class UntrustingRoleError(Exception):
    """The role's trust policy does not admit the service."""


def role_credentials(role: str) -> dict[str, str]:
    """Return fresh keys of a role; boto3 renews them by itself before they expire.

    :param role: its name, or its ARN, which may be of another account.
    :raises UnknownRoleError: the role does not exist (yet).
    """
    return _session(_find(role), _SESSION)


def service_credentials(*, role: str, service: str, source_arn: str, session: str) -> dict[str, str]:
    """Return fresh keys of a role that a service assumed for one of its resources.

    :param role: its name, or its ARN.
    :param service: principal, such as `ecs-tasks.amazonaws.com`.
    :param source_arn: ARN of the resource.
    :param session: the session's name.
    :raises UnknownRoleError: the role does not exist (yet).
    :raises UntrustingRoleError: its trust policy does not admit the service.
    """
    record = _find(role)
    if not service_access.may_assume(service, record["Arn"], source_arn):
        raise UntrustingRoleError(
            f"The role {role!r} cannot be assumed by {service} for {source_arn}: its trust policy has to admit both."
        )
    return _session(record, session)


def _session(record: dict[str, Any], session_name: str) -> dict[str, str]:
    account, name = record["Arn"].split(":")[4], record["RoleName"]
    key = "ASIA" + secrets.token_hex(8).upper()
    expiration = clock.now() + _SECONDS
    secret_key, token = secrets.token_urlsafe(30), secrets.token_urlsafe(96)
    session = {
        "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session_name}",
        "UserId": f"{record['RoleId']}:{session_name}",
        "SecretAccessKey": secret_key,
        "SessionToken": token,
        "Expiration": expiration,
        "AccountId": account,
        "PrincipalType": "AssumedRole",
    }
    sts.register_session(key, session)
    return {
        "RoleArn": record["Arn"],
        "AccessKeyId": key,
        "SecretAccessKey": secret_key,
        "Token": token,
        "Expiration": clock.iso(expiration),
    }


def _find(role: str) -> dict[str, Any]:
    account = role.split(":")[4] if role.startswith("arn:") else ACCOUNT
    name = role.rpartition("/")[2]
    record: dict[str, Any] | None = iam._roles.get_scoped(account, None, name)  # noqa: SLF001  # no public accessor
    if record is None or (role.startswith("arn:") and record["Arn"] != role):
        raise UnknownRoleError(f"There is no IAM role named {role!r}: deploy the stack that creates it first.")
    return record

"""Credentials of a role for processes on this machine, in the shape of the container credential provider.

ministack's own task-credential endpoint hands out keys that its evaluator does not know. Here they are registered as a
session of the role, so that everything the caller does is judged by the role's policies.
"""

from __future__ import annotations

import secrets
from typing import Any

from ministack.services import iam, sts

from localcloud.emulator import clock
from localcloud.emulator.settings import ACCOUNT

_SECONDS = 3600
_SESSION = "local"


class UnknownRoleError(Exception):
    """No role has that name."""


def role_credentials(name: str) -> dict[str, str]:
    """Return fresh keys of a role; boto3 renews them by itself before they expire.

    :raises UnknownRoleError: the role does not exist (yet).
    """
    role: dict[str, Any] | None = iam._roles.get_scoped(ACCOUNT, None, name)  # noqa: SLF001  # no public accessor
    if role is None:
        raise UnknownRoleError(f"There is no IAM role named {name!r}: deploy the stack that creates it first.")
    key = "ASIA" + secrets.token_hex(8).upper()
    expiration = clock.now() + _SECONDS
    secret_key, token = secrets.token_urlsafe(30), secrets.token_urlsafe(96)
    session = {
        "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{_SESSION}",
        "UserId": f"{role['RoleId']}:{_SESSION}",
        "SecretAccessKey": secret_key,
        "SessionToken": token,
        "Expiration": expiration,
        "AccountId": ACCOUNT,
        "PrincipalType": "AssumedRole",
    }
    sts.register_session(key, session)
    return {
        "RoleArn": role["Arn"],
        "AccessKeyId": key,
        "SecretAccessKey": secret_key,
        "Token": token,
        "Expiration": clock.iso(expiration),
    }

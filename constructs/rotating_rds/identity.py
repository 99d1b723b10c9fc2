"""Names that a database is known by, outside of its stack."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aws_cdk import Names, Token

from rotating_rds import contract
from rotating_rds.errors import DeclarationError

if TYPE_CHECKING:
    from constructs import Construct

_LONGEST = 63


def server_identifier(scope: Construct, prop: str, given: str | None) -> str:
    """Return *given* if RDS takes it, or a name made from the construct's path.

    It is known before the server exists, so that its log groups can be made with retention and key before RDS makes
    them without; and it is the database id of the rotation function's environment, tags and metrics.

    :param prop: what adopters call it.
    :raises DeclarationError: if RDS would refuse *given*, or it is known at deployment only.
    """
    if given is None:
        return _from_path(scope)
    if Token.is_unresolved(given):
        raise DeclarationError(f"{prop} of {scope.node.path!r} is only known at deployment: give it as literal text.")
    if not re.fullmatch(r"[a-z](?:-?[a-z0-9])*", given) or len(given) > _LONGEST:
        raise DeclarationError(
            f"{prop} {given!r} is refused by RDS: choose 1 to {_LONGEST} lower-case letters, digits and "
            "single hyphens that begin with a letter and do not end with a hyphen."
        )
    return given


def role_path(environment_name: str | None) -> str:
    """Return the IAM path of the roles of an environment: `/rotating-rds/<environment>/`.

    :raises DeclarationError: if *environment_name* cannot be part of paths and tags.
    """
    if environment_name is None:
        return "/rotating-rds/"
    if not re.fullmatch(contract.ENVIRONMENT_NAME, environment_name):
        raise DeclarationError(
            f"environment_name {environment_name!r} does not fit into tags and role paths: choose 1 to 32 lower-case "
            "letters, digits and hyphens that begin with a letter."
        )
    return f"/rotating-rds/{environment_name}/"


def _from_path(scope: Construct) -> str:
    unique = Names.unique_resource_name(scope, max_length=_LONGEST - 3, separator="-").lower()
    parts = [part for part in re.split(r"[^a-z0-9]+", unique) if part]
    name = "-".join(parts)
    return name if name[0].isalpha() else f"db-{name}"

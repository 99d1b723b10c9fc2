"""The requests of CloudFormation, as the Provider framework of the CDK hands them on."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple, Self

from rotating_rds_function.domain.declarations import REMEDY, Declaration, Removal, one_of, text
from rotating_rds_function.domain.errors import BadEventError


class Kind(StrEnum):
    """What CloudFormation asks for."""

    CREATE = "Create"
    UPDATE = "Update"
    DELETE = "Delete"


class ProvisionRequest(NamedTuple):
    """One request.

    :param request_id: CloudFormation's.
    :param physical_id: the user's name for CloudFormation: under another one it is another user, and the old one is
        deleted afterwards.
    :param user: None where a deleted declaration leaves the user alone, whatever else it said.
    :param former_login: second login of the declaration that an update replaces, if the new one has not got it.
    """

    kind: Kind
    request_id: str
    physical_id: str
    user: Declaration | None
    former_login: str | None = None

    @classmethod
    def parse(cls, event: object) -> Self:
        """Read the event of an invocation; keys that are not needed are ignored.

        :raises BadEventError: if it is no request about a user.
        """
        if not isinstance(event, dict) or not isinstance(event.get("ResourceProperties"), dict):
            raise BadEventError(f"The event has no ResourceProperties: {REMEDY}.")
        kind, properties = one_of(Kind, event, "RequestType"), event["ResourceProperties"]
        request_id = text(event, "RequestId", default="unknown")
        if kind is Kind.DELETE and properties.get("Removal") == Removal.RETAIN:
            return cls(kind, request_id, text(event, "PhysicalResourceId"), None)
        user = Declaration.parse(properties)
        name = f"{user.database}/{user.username}"
        if kind is Kind.DELETE:
            return cls(kind, request_id, text(event, "PhysicalResourceId", default=name), user)
        return cls(kind, request_id, name, user, _former_login(event.get("OldResourceProperties"), user))


def _former_login(old: Any, user: Declaration) -> str | None:
    """Return the second login that only the old declaration has.

    It may be one that was refused: an update that is rolled back is sent again with old and new exchanged.
    """
    if not isinstance(old, dict) or (old.get("Database"), old.get("Username")) != (user.database, user.username):
        return None
    login = old.get("AlternateUsername")
    return login if isinstance(login, str) and login not in {"", user.alternate_username} else None

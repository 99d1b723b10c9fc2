"""Requests about a user, as the Provider framework hands them on."""

from __future__ import annotations

from typing import Any

from tests.support.rotations import ADMINISTRATOR, ADMINISTRATOR_ARN

USER, TWIN = "web", "web_clone"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:web-AbCdEf"


def properties(**changed: Any) -> dict[str, Any]:
    """Return the properties of a user with a pair of logins; None leaves a property out."""
    declared = {
        "ServiceToken": "arn:aws:lambda:eu-west-1:123456789012:function:framework",
        "Database": "orders",
        "Engine": "postgres",
        "Secret": SECRET,
        "Username": USER,
        "AlternateUsername": TWIN,
        "Owner": "schema_owner",
        "Administrator": ADMINISTRATOR_ARN,
        "AdministratorUsername": ADMINISTRATOR,
        "Schemas": {"public": "read_write"},
        "Statements": ["GRANT something TO {grantee}"],
        "Removal": "drop",
        **changed,
    }
    return {key: value for key, value in declared.items() if value is not None}


def event(kind: str = "Create", *, old: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
    """Return a request.

    :param old: the properties that an update replaces.
    """
    declared = properties(**changed)
    name = f"{declared.get('Database')}/{declared.get('Username')}"
    return {
        "RequestType": kind,
        "RequestId": "5d478078-13e9-baf0-464a-7ef285ecc786",
        "LogicalResourceId": "OrdersUserWeb",
        "ResourceType": "Custom::DatabaseUser",
        "ResourceProperties": declared,
        **({"OldResourceProperties": old} if old is not None else {}),
        **({} if kind == "Create" else {"PhysicalResourceId": name}),
    }

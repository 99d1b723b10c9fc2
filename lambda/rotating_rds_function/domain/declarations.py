"""A user as a deployment declares it: the properties of the custom resource, read strictly.

They come from CloudFormation, which keeps them: a user can hence be removed when its secret and its tags are gone.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self, TypeVar

from rotating_rds_function.domain.access import Level
from rotating_rds_function.domain.errors import BadEventError
from rotating_rds_function.domain.targets import Administrator
from rotating_rds_function.domain.wording import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

REMEDY: Final = "deploy users by database.add_user() of rotating_rds, in the version of this function"

PROPERTIES: Final = frozenset(
    {
        *("Database", "Engine", "Secret", "Username", "AlternateUsername", "AccessRole", "Owner"),
        *("Administrator", "AdministratorUsername", "Schemas", "Statements", "Removal"),
        *("ServiceToken", "ServiceTimeout"),  # CloudFormation's own
    }
)

Choice = TypeVar("Choice", bound=StrEnum)


class Removal(StrEnum):
    """What becomes of a user whose declaration is removed."""

    RETAIN = "retain"
    DROP = "drop"


class Declaration(NamedTuple):
    """One user.

    :param database: id of the database.
    :param engine: name of the database engine.
    :param secret_id: ARN of the user's secret.
    :param alternate_username: the second login of a pair; None for a user with one login.
    :param access_role: see UserAccess.
    :param owner: see UserAccess; empty where none is declared.
    :param schemas: see UserAccess, as the statements.
    """

    database: str
    engine: str
    secret_id: str
    username: str
    alternate_username: str | None
    administrator: Administrator
    access_role: str
    owner: str
    schemas: Mapping[str, Level]
    statements: tuple[str, ...]
    removal: Removal

    @classmethod
    def parse(cls, properties: Mapping[str, Any]) -> Self:
        """Read the properties of the custom resource.

        :raises BadEventError: if they are not what the contract describes.
        """
        unknown = sorted(properties.keys() - PROPERTIES)
        if unknown:
            raise BadEventError(
                f"The request has the property {shown(unknown[0])}, which this function does not know: {REMEDY}."
            )
        username = text(properties, "Username")
        return cls(
            database=text(properties, "Database"),
            engine=text(properties, "Engine"),
            secret_id=text(properties, "Secret"),
            username=username,
            alternate_username=text(properties, "AlternateUsername") if "AlternateUsername" in properties else None,
            administrator=Administrator(text(properties, "Administrator"), text(properties, "AdministratorUsername")),
            access_role=text(properties, "AccessRole", default=f"{username}_access"),
            owner=text(properties, "Owner") if "Owner" in properties else "",
            schemas=_schemas(properties.get("Schemas", {})),
            statements=_statements(properties.get("Statements", [])),
            removal=one_of(Removal, properties, "Removal"),
        )


def text(properties: Mapping[str, Any], key: str, *, default: str | None = None) -> str:
    """Return a text with at least one character.

    :raises BadEventError: if it is none.
    """
    value = properties.get(key, default)
    if not isinstance(value, str) or not value:
        received = "no" if key not in properties else f"{shown(type(value).__name__) if value != '' else 'an empty'} as"
        raise BadEventError(f"The request has {received} {key} where a text was expected: {REMEDY}.")
    return value


def one_of(kind: type[Choice], properties: Mapping[str, Any], key: str) -> Choice:
    """Return a value of a closed list.

    :raises BadEventError: if it is none.
    """
    value = text(properties, key)
    if value not in set(kind):
        raise BadEventError(f"{key} {shown(value)} is unknown: use one of {', '.join(kind)}.")
    return kind(value)


def _schemas(written: object) -> Mapping[str, Level]:
    if not isinstance(written, dict) or not all(isinstance(level, str) for level in written.values()):
        raise BadEventError(f"Schemas is no object of schema to one of {', '.join(Level)}: {REMEDY}.")
    for schema, level in written.items():
        if not schema or level not in set(Level):
            raise BadEventError(
                f"Schemas has {shown(level)} for the schema {shown(schema)}, where a name and one of "
                f"{', '.join(Level)} were expected: {REMEDY}."
            )
    return {schema: Level(level) for schema, level in written.items()}


def _statements(written: object) -> tuple[str, ...]:
    if not isinstance(written, list) or not all(isinstance(statement, str) and statement for statement in written):
        raise BadEventError(f"Statements is no list of texts: {REMEDY}.")
    return tuple(written)

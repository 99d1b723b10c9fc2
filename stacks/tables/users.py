"""Users of a database."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from rotating_rds import Access
from stacks.tables.consumers import Consumer
from stacks.tables.rotations import UserRotation
from stacks.tables.table import Table

Level = Literal["read_only", "read_write", "ddl"]
_LEVELS = "'read_only', 'read_write' or 'ddl'"


def _statements(value: tuple[str, ...]) -> tuple[str, ...]:
    return Access.statements(value).extra


class User(Table):
    """A user that is made in the database, with a credential of its own.

    What it may do: *access* in the database's own schema (PostgreSQL: `public`; elsewhere the database itself), a level
    for each of further *schemas*, and *statements* for what no level has. With none of the three, `read_write`.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$", description="lower-case letters, digits and underscores")
    access: Level | None = Field(default=None, description=_LEVELS)
    schemas: dict[str, Level] = Field(default_factory=dict, description=_LEVELS)
    statements: Annotated[tuple[str, ...], AfterValidator(_statements), Field(strict=False)] = Field(
        default=(), description="a list of statements with {grantee} in them"
    )
    rotation: UserRotation = Field(default=UserRotation(), description="a table of rotation")
    removal: Literal["drop", "retain"] | None = Field(
        default=None, description="'drop' or 'retain', or no key to do as the database does"
    )
    consumers: Annotated[tuple[Consumer, ...], Field(strict=False)] = Field(
        default=(), description="a list of tables with name and compute, or name and role"
    )

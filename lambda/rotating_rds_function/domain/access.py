"""What a user may do in a database, as the deployment declares it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Level(StrEnum):
    """What a user may do with the objects of a schema, those included that are made later."""

    READ_ONLY = "read_only"
    READ_WRITE = "read_write"
    DDL = "ddl"


@dataclass(frozen=True)
class UserAccess:
    """A user, and exactly what it may do.

    :param owner: on PostgreSQL the role that owns the schemas of the database and what is in them; shared by all users.
    :param access_role: on PostgreSQL the role that holds the user's privileges.
    :param logins: the user's login, or the two of a pair. The first is made where it is missing; the second may wait
        for its first turn.
    :param schemas: schema to what the user may do in it. A user with DDL anywhere acts as the owner, hence everywhere.
    :param statements: run last, for privileges that no level has; `{grantee}` in them is who holds the privileges,
        quoted: the access role, or each login on an engine without one.
    """

    owner: str
    access_role: str
    logins: tuple[str, ...]
    schemas: Mapping[str, Level] = field(default_factory=dict)
    statements: tuple[str, ...] = ()

    @property
    def acts_as(self) -> str:
        """The role as which the user's sessions begin."""
        return self.owner if Level.DDL in self.schemas.values() else self.access_role

"""What an account of MySQL or MariaDB is made of, apart from its password."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from rotating_rds_function.adapters.mysql_text import identifier, literal

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

GRANT_OPTION: Final = "GRANT OPTION"


class Account(NamedTuple):
    """A user or a role, and from where it is.

    :param host: pattern of hosts; empty for a role of MariaDB, which has none.
    """

    user: str
    host: str

    def __str__(self) -> str:
        return f"{literal(self.user)}@{literal(self.host)}" if self.host else literal(self.user)


class Scope(NamedTuple):
    """What a privilege is held on: everything, a database, or one thing in it.

    :param database: name, or pattern as GRANT takes it; empty for everything.
    :param name: of a table, view or routine; empty for the whole database.
    :param kind: FUNCTION, PROCEDURE and the like for a routine; empty for a table or view.
    """

    database: str = ""
    name: str = ""
    kind: str = ""

    def __str__(self) -> str:
        if not self.database:
            return "*.*"
        thing = f"{identifier(self.database)}.{identifier(self.name) if self.name else '*'}"
        return f"{self.kind} {thing}" if self.kind else thing

    def covers(self, other: Scope) -> bool:
        """Tell whether who may do something here may do it there."""
        if not self.database or self == other:
            return True
        # The database of a table or routine is a name, and may match a pattern; a pattern only equals another one.
        return not self.name and (
            self.database == other.database or bool(other.name and _like(self.database, other.database))
        )


EVERYWHERE: Final = Scope()


class Privilege(NamedTuple):
    """A privilege on a scope; with a column, on that column only. GRANT OPTION is one as well, of its scope."""

    scope: Scope
    name: str
    column: str = ""

    def __str__(self) -> str:
        return f"{self.wording} on {self.scope}"

    @property
    def wording(self) -> str:
        """The privilege as GRANT takes it."""
        return f"{self.name} ({identifier(self.column)})" if self.column else self.name


class Kind(Enum):
    """What is handed on with an option of its own: the wording of GRANT, and that of the option."""

    DYNAMIC = ("{} ON *.*", GRANT_OPTION)
    PROXY = ("PROXY ON {}", GRANT_OPTION)
    ROLE = ("{}", "ADMIN OPTION")


class Thing(NamedTuple):
    """A dynamic privilege, the right to be proxy of an account, or membership in a role."""

    kind: Kind
    what: str | Account

    def __str__(self) -> str:
        return self.kind.value[0].format(self.what)

    @property
    def option(self) -> str:
        """The right to hand it on, as GRANT takes it."""
        return self.kind.value[1]


@dataclass(frozen=True)
class AccountState:
    """An account as the server has it.

    :param plugin: authenticates it; empty for a role.
    :param locked: whether it may not log in.
    :param awaits_password: whether it was us who locked it; see SHUT.
    :param properties: clauses of ALTER USER, by what they are about.
    :param privileges: what GRANT gives on scopes.
    :param restrictions: what REVOKE took from a global privilege for one database (`partial_revokes` of MySQL).
    :param things: what else it has; the value tells whether it may hand it on.
    :param default_roles: the roles that a login activates.
    :param absent: scopes of privileges whose table or routine does not exist, as far as can be seen.
    """

    account: Account
    plugin: str = ""
    locked: bool = False
    awaits_password: bool = False
    properties: Mapping[str, str] = field(default_factory=dict)
    privileges: frozenset[Privilege] = frozenset()
    restrictions: frozenset[Privilege] = frozenset()
    things: Mapping[Thing, bool] = field(default_factory=dict)
    default_roles: frozenset[Account] = frozenset()
    absent: frozenset[Scope] = frozenset()

    def holding(
        self,
        privileges: Collection[Privilege],
        things: Mapping[Thing, bool],
        default_roles: Collection[Account],
        absent: frozenset[Scope],
    ) -> AccountState:
        """Return the same account with what it may do."""
        return replace(
            self,
            privileges=frozenset(privileges),
            things=dict(things),
            default_roles=frozenset(default_roles),
            absent=absent,
        )

    @property
    def roles(self) -> frozenset[Account]:
        """The roles that it is a member of."""
        return frozenset(
            thing.what for thing in self.things if isinstance(thing.what, Account) and thing.kind is Kind.ROLE
        )


def _like(pattern: str, text: str) -> bool:
    """Tell whether a pattern of GRANT matches the name of a database."""
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    expression = "".join({"%": ".*", "_": "."}.get(part, re.escape(part[-1])) for part in parts)
    return re.fullmatch(expression, text, re.DOTALL) is not None

"""What the levels of access mean in the privileges of MySQL and MariaDB, each on one database."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from rotating_rds_function.adapters.accounts import GRANT_OPTION, Privilege, Scope
from rotating_rds_function.domain.access import Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_READ: Final = ("SELECT", "SHOW VIEW")
_WRITE: Final = (*_READ, "INSERT", "UPDATE", "DELETE", "EXECUTE", "CREATE TEMPORARY TABLES")
# All there is on a database, but for the right to hand it on.
_CHANGE: Final = (
    *_WRITE,
    *("CREATE", "ALTER", "DROP", "INDEX", "REFERENCES", "TRIGGER", "EVENT", "LOCK TABLES"),
    *("CREATE VIEW", "CREATE ROUTINE", "ALTER ROUTINE"),
)
_LEVELS: Final[Mapping[Level, tuple[str, ...]]] = MappingProxyType(
    {Level.READ_ONLY: _READ, Level.READ_WRITE: _WRITE, Level.DDL: _CHANGE}
)


def privileges(databases: Mapping[str, Level]) -> frozenset[Privilege]:
    """Return the privileges that the levels mean; they cover tables that are made later."""
    return frozenset(
        Privilege(Scope(_pattern(database)), name) for database, level in databases.items() for name in _LEVELS[level]
    )


def needs(databases: Mapping[str, Level]) -> frozenset[Privilege]:
    """Return what an administrator needs to grant them."""
    granted = privileges(databases)
    return granted | {Privilege(privilege.scope, GRANT_OPTION) for privilege in granted}


def to_make(databases: Iterable[str]) -> frozenset[Privilege]:
    """Return what an administrator needs to make databases."""
    return frozenset(Privilege(Scope(_pattern(database)), "CREATE") for database in databases)


def _pattern(database: str) -> str:
    """Return the pattern that matches one database alone: GRANT takes no name where it takes a database."""
    return database.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%")

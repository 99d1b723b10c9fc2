"""What a table of a file says by leaving it out: it is said once, in `[defaults]` or `[rotation]`.

This works on what was read, before it is checked, so that what is checked is what is meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

from stacks.tables.databases import FOREIGN_KEYS

if TYPE_CHECKING:
    from collections.abc import Mapping

    Raw = Mapping[str, Any]

_NONE: Raw = {}


def inherit(content: Raw) -> dict[str, Any]:
    """Return *content* with each database and each user whole; what is no table is left for the check to refuse."""
    databases, defaults = content.get("databases"), content.get("defaults", _NONE)
    if not _are_tables(databases) or not isinstance(defaults, dict):
        return dict(content)
    when = content.get("rotation", _NONE)
    return {**content, "databases": [_database(database, defaults, when) for database in databases]}


def _database(own: Raw, defaults: Raw, when: Raw) -> dict[str, Any]:
    engine = own.get("engine")
    foreign = FOREIGN_KEYS.get(engine, frozenset()) if isinstance(engine, str) else frozenset()
    database = {**{key: value for key, value in defaults.items() if key not in foreign}, **own}
    database["rotation"] = _rotation(own.get("rotation", _NONE), _rotation(defaults.get("rotation", _NONE), when))
    users = own.get("users")
    if _are_tables(users):
        database["users"] = [{**user, "rotation": _rotation(user.get("rotation", _NONE), when)} for user in users]
    return database


def _rotation(own: Any, inherited: Any) -> Any:
    if not isinstance(own, dict) or not isinstance(inherited, dict):
        return own
    if own.get("strategy") == "managed_by_rds":
        return own
    # A window belongs to the schedule beside it.
    kept = {key: value for key, value in inherited.items() if key != "window_hours" or "schedule" not in own}
    return {**kept, **own}


def _are_tables(value: Any) -> TypeGuard[list[Raw]]:
    return isinstance(value, list) and all(isinstance(table, dict) for table in value)

"""Roles of PostgreSQL as structure: read, compared, and made equal.

Every statement names `pg_catalog`, because a search path may be anybody's. Membership options other than ADMIN exist
from PostgreSQL 16 on; reading rows as JSON lets one query serve the older ones as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Protocol

from rotating_rds_function.adapters.postgres_driver import identifier, literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Run(Protocol):
    """How the functions of the adapter reach the server."""

    def __call__(self, statement: str, **parameters: Any) -> list[list[Any]]:
        """Run a statement and return its rows."""


@dataclass(frozen=True)
class Membership:
    """How a role is a member of another one.

    :param inherit: None before PostgreSQL 16, as *set*.
    :param grantors: who granted it, each of whom has to be named to revoke it; no part of what the member can do.
    """

    admin: bool = False
    inherit: bool | None = None
    set: bool | None = None
    grantors: tuple[str, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        options = {"ADMIN": self.admin, "INHERIT": self.inherit, "SET": self.set}
        return ", ".join(f"{name} {str(on).upper()}" for name, on in options.items() if on is not None)


@dataclass(frozen=True)
class Role:
    """What a role is, beside its name, its password and whether it logs in.

    :param attributes: the clauses of ALTER ROLE by their names.
    :param memberships: the roles it is a direct member of.
    :param settings: what ALTER ROLE ... SET gave it, by database (None is all of them) and variable.
    """

    name: str
    can_login: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict)
    memberships: Mapping[str, Membership] = field(default_factory=dict)
    settings: Mapping[tuple[str | None, str], str] = field(default_factory=dict)

    @property
    def acts_as(self) -> str | None:
        """The role as which its sessions begin."""
        return self.settings.get((None, "role"))


_FLAGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "rolinherit": "INHERIT",
        "rolcreatedb": "CREATEDB",
        "rolcreaterole": "CREATEROLE",
        "rolreplication": "REPLICATION",
        "rolbypassrls": "BYPASSRLS",
    }
)

_ROLE = f"""
SELECT rolcanlogin, rolconnlimit, coalesce(rolvaliduntil::text, 'infinity'), {", ".join(_FLAGS)}
FROM pg_catalog.pg_roles WHERE rolname = :name
"""  # noqa: S608 - column names of ours

# The alias must not be "member", which is a column as well, and would be taken for it.
_MEMBERSHIPS = """
SELECT granted.rolname, pg_catalog.bool_or(entry.admin_option),
       pg_catalog.bool_or((pg_catalog.to_jsonb(entry) ->> 'inherit_option')::boolean),
       pg_catalog.bool_or((pg_catalog.to_jsonb(entry) ->> 'set_option')::boolean),
       pg_catalog.array_agg(grantor.rolname::text)
FROM pg_catalog.pg_auth_members entry
JOIN pg_catalog.pg_roles granted ON granted.oid = entry.roleid
JOIN pg_catalog.pg_roles login ON login.oid = entry.member
LEFT JOIN pg_catalog.pg_roles grantor ON grantor.oid = entry.grantor
WHERE login.rolname = :name
GROUP BY granted.rolname
"""

_SETTINGS = """
SELECT place.datname, pg_catalog.unnest(setting.setconfig)
FROM pg_catalog.pg_db_role_setting setting
JOIN pg_catalog.pg_roles login ON login.oid = setting.setrole
LEFT JOIN pg_catalog.pg_database place ON place.oid = setting.setdatabase
WHERE login.rolname = :name
"""


def read_role(run: Run, name: str) -> Role | None:
    """Return a role, or None if there is none of that name."""
    rows = run(_ROLE, name=name)
    if not rows:
        return None
    can_login, limit, valid_until, *flags = rows[0]
    attributes = {word: word if on else f"NO{word}" for word, on in zip(_FLAGS.values(), flags, strict=True)}
    attributes |= {
        "CONNECTION LIMIT": f"CONNECTION LIMIT {limit}",
        "VALID UNTIL": f"VALID UNTIL {literal(valid_until)}",
    }
    memberships = {
        granted: Membership(admin, inherit, acts, tuple(grantors))
        for granted, admin, inherit, acts, grantors in run(_MEMBERSHIPS, name=name)
    }
    return Role(name, can_login, attributes, memberships, dict(_settings(run, name)))


def _settings(run: Run, name: str) -> Iterator[tuple[tuple[str | None, str], str]]:
    for database, setting in run(_SETTINGS, name=name):
        variable, _, value = setting.partition("=")
        yield (database, variable), value


def differences(model: Role, twin: Role) -> list[str]:
    """Return what two roles do not have in common, as clauses for people."""
    return [
        *(
            f"{model.name} has {clause} and {twin.name} has {twin.attributes.get(name)}"
            for name, clause in model.attributes.items()
            if twin.attributes.get(name) != clause
        ),
        *_differing(model, twin, model.memberships, twin.memberships, "membership in role {key} ({value})"),
        *_differing(model, twin, model.settings, twin.settings, "the setting {key} = {value}"),
    ]


def _differing(model: Role, twin: Role, ours: Mapping[Any, Any], theirs: Mapping[Any, Any], wording: str) -> list[str]:
    clauses = []
    for key in sorted(ours.keys() | theirs.keys(), key=str):
        if ours.get(key) == theirs.get(key):
            continue
        owner, other, held = (model, twin, ours) if key in ours else (twin, model, theirs)
        name = " in database ".join(reversed([part for part in key if part])) if isinstance(key, tuple) else key
        clauses.append(f"{other.name} lacks {wording.format(key=name, value=held[key])}, which {owner.name} has")
    return clauses


def equalising(model: Role, twin: Role) -> list[str]:
    """Return the statements that make a twin equal to its model; none if it is."""
    return [*_attributes(model, twin), *_grants(model, twin), *_settings_to_set(model, twin)]


def changed_memberships(model: Role, twin: Role) -> set[str]:
    """Return the roles whose membership has to be granted or revoked."""
    roles = model.memberships.keys() | twin.memberships.keys()
    return {role for role in roles if model.memberships.get(role) != twin.memberships.get(role)}


def _attributes(model: Role, twin: Role) -> Iterator[str]:
    clauses = [clause for name, clause in model.attributes.items() if twin.attributes.get(name) != clause]
    if clauses:
        yield f"ALTER ROLE {identifier(twin.name)} {' '.join(clauses)}"


def _grants(model: Role, twin: Role) -> Iterator[str]:
    for role in sorted(changed_memberships(model, twin)):
        if role in twin.memberships:
            yield from revoke(role, twin.name, twin.memberships[role])
        if role in model.memberships:
            yield grant(role, twin.name, model.memberships[role])


def revoke(role: str, member: str, membership: Membership) -> Iterator[str]:
    """Return the statements that revoke a membership, whoever granted it."""
    statement = f"REVOKE {identifier(role)} FROM {identifier(member)}"
    if membership.inherit is None:
        yield statement  # one row, whoever made it
    else:
        yield from (f"{statement} GRANTED BY {identifier(grantor)}" for grantor in membership.grantors)


def grant(role: str, member: str, membership: Membership) -> str:
    """Return the statement that grants a membership."""
    options = str(membership) if membership.inherit is not None else "ADMIN OPTION" if membership.admin else ""
    return f"GRANT {identifier(role)} TO {identifier(member)}" + (f" WITH {options}" if options else "")


# Variables that hold lists of quoted names, whose text is not a value that SET takes. Source: the function
# variable_is_guc_list_quote() of pg_dump.
_LISTS: Final = frozenset({"local_preload_libraries", "search_path", "session_preload_libraries", "temp_tablespaces"})


def _settings_to_set(model: Role, twin: Role) -> Iterator[str]:
    for key in sorted(model.settings.keys() | twin.settings.keys(), key=str):
        if model.settings.get(key) != twin.settings.get(key):
            yield from set_variable(twin.name, *key, model.settings.get(key))


def set_variable(role: str, database: str | None, variable: str, value: str | None) -> Iterator[str]:
    """Return the statements that set a variable for a role; None resets it."""
    place = "" if database is None else f" IN DATABASE {identifier(database)}"
    alter = f"ALTER ROLE {identifier(role)}{place}"
    name = ".".join(identifier(part) for part in variable.split("."))
    if value is None:
        yield f"{alter} RESET {name}"
    elif variable in _LISTS:
        # For this transaction in our session as well: every name that we use is qualified.
        yield f"SELECT pg_catalog.set_config({literal(variable)}, {literal(value)}, true)"
        yield f"{alter} SET {name} FROM CURRENT"
    else:
        yield f"{alter} SET {name} TO {literal(value)}"

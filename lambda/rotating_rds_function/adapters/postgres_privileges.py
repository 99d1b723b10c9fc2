"""What the levels of access mean in PostgreSQL's privileges, and how every privilege of a role is taken back."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from rotating_rds_function.adapters.postgres_driver import identifier
from rotating_rds_function.domain.access import Level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotating_rds_function.adapters.postgres_roles import Run
    from rotating_rds_function.domain.access import UserAccess

# Kind of object to privileges. Not TRUNCATE, which takes a table's locks and history, not TRIGGER and REFERENCES,
# which change what a table does: those are the owner's.
_LEVELS: Final[Mapping[Level, Mapping[str, str]]] = MappingProxyType(
    {
        Level.READ_ONLY: {"TABLES": "SELECT", "SEQUENCES": "SELECT"},
        Level.READ_WRITE: {
            "TABLES": "SELECT, INSERT, UPDATE, DELETE",
            "SEQUENCES": "USAGE, SELECT",
            "ROUTINES": "EXECUTE",
        },
        Level.DDL: {},  # who acts as the owner needs no grant
    }
)


def grant_levels(run: Run, user: UserAccess) -> None:
    """Grant what the user's levels mean, on what there is and on what the owner will make."""
    role, owner = identifier(user.access_role), identifier(user.owner)
    _let_connect(run, user.access_role)
    for name, level in user.schemas.items():
        schema = identifier(name)
        run(f"GRANT USAGE ON SCHEMA {schema} TO {role}")
        for kind, privileges in _LEVELS[level].items():
            run(f"GRANT {privileges} ON ALL {kind} IN SCHEMA {schema} TO {role}")
            run(f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {schema} GRANT {privileges} ON {kind} TO {role}")


def _let_connect(run: Run, role: str) -> None:
    # By default everybody may; where that was revoked, a login connects by what it inherits.
    [(database, may)] = run(
        "SELECT pg_catalog.current_database(), "
        "pg_catalog.has_database_privilege(:name, pg_catalog.current_database(), 'CONNECT')",
        name=role,
    )
    if not may:
        run(f"GRANT CONNECT ON DATABASE {identifier(database)} TO {identifier(role)}")


# Type of object, in the words of pg_identify_object(), to what REVOKE calls it.
_KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("table", "view", "materialized view", "foreign table", "table column"), "TABLE"),
        **dict.fromkeys(("function", "procedure", "aggregate"), "ROUTINE"),
        **dict.fromkeys(("type", "domain"), "TYPE"),
        "sequence": "SEQUENCE",
        "schema": "SCHEMA",
        "database": "DATABASE",
        "language": "LANGUAGE",
        "foreign-data wrapper": "FOREIGN DATA WRAPPER",
        "server": "FOREIGN SERVER",
        "large object": "LARGE OBJECT",
    }
)

# Not DROP OWNED, which would drop the temporary tables of sessions that act as the role.
_HELD = """
SELECT thing.type, thing.identity
FROM pg_catalog.pg_shdepend dependency
JOIN pg_catalog.pg_roles holder
  ON dependency.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND dependency.refobjid = holder.oid
JOIN pg_catalog.pg_database here ON here.datname = pg_catalog.current_database()
CROSS JOIN LATERAL pg_catalog.pg_identify_object(dependency.classid, dependency.objid, 0) thing
WHERE holder.rolname = :name AND dependency.deptype = 'a' AND dependency.dbid IN (0, here.oid)
ORDER BY 1, 2
"""

_HELD_BY_DEFAULT = """
SELECT owner.rolname, schema.nspname,
       CASE entry.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'ROUTINES'
                                WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS' WHEN 'L' THEN 'LARGE OBJECTS' END
FROM pg_catalog.pg_default_acl entry
JOIN pg_catalog.pg_roles owner ON owner.oid = entry.defaclrole
LEFT JOIN pg_catalog.pg_namespace schema ON schema.oid = entry.defaclnamespace
WHERE EXISTS (SELECT FROM pg_catalog.aclexplode(entry.defaclacl) item
              JOIN pg_catalog.pg_roles holder ON holder.oid = item.grantee WHERE holder.rolname = :name)
"""


def revoke_all(run: Run, role: str) -> None:
    """Take back every privilege that a role holds in this database, today's and those on what will be made."""
    holder = identifier(role)
    for kind, identity in run(_HELD, name=role):
        if kind in _KINDS:
            run(f"REVOKE ALL ON {_KINDS[kind]} {identity} FROM {holder}")
    for owner, schema, kind in run(_HELD_BY_DEFAULT, name=role):
        place = f" IN SCHEMA {identifier(schema)}" if schema is not None else ""
        run(f"ALTER DEFAULT PRIVILEGES FOR ROLE {identifier(owner)}{place} REVOKE ALL ON {kind} FROM {holder}")

"""Taking from a PostgreSQL login what it owns and holds by itself, while its sessions go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotating_rds_function.adapters.postgres_driver import identifier

if TYPE_CHECKING:
    from rotating_rds_function.adapters.postgres_roles import Run

_HOLDS_ANYTHING = """
SELECT EXISTS (
  SELECT FROM pg_catalog.pg_shdepend dependency JOIN pg_catalog.pg_roles login
    ON dependency.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND dependency.refobjid = login.oid
  JOIN pg_catalog.pg_database here ON here.datname = pg_catalog.current_database()
  WHERE login.rolname = :name AND dependency.deptype IN ('o', 'a', 'r') AND dependency.dbid IN (0, here.oid)
    AND dependency.classid <> 'pg_catalog.pg_auth_members'::pg_catalog.regclass)
"""

_TABLES = """
SELECT owned.oid::pg_catalog.regclass::text
FROM pg_catalog.pg_class owned JOIN pg_catalog.pg_roles login ON login.oid = owned.relowner
WHERE login.rolname = :name AND owned.relkind IN ('r', 'p') AND owned.relpersistence <> 't'
ORDER BY owned.oid
"""

# Sessions look for deadlocks after deadlock_timeout, which is one second, and whoever finds one dies of it. That must
# be us: nobody may have waited for us that long while we still wait for somebody.
_WAIT_FOR_TABLES = "500ms"
_WAIT_FOR_SEQUENCES = "200ms"


def move_possessions(run: Run, login: str, owner: str) -> None:
    """Give *owner* what *login* owns in this database, and revoke what the login was granted itself.

    Needs the privileges of both roles, in a transaction. Does nothing where there is nothing to move.

    :raises NotReadyError: if the login's sessions hold its tables for too long; the transaction is over then.
    """
    if not run(_HOLDS_ANYTHING, name=login)[0][0]:
        return
    _lock_tables(run, login)
    run(f"SET LOCAL lock_timeout TO '{_WAIT_FOR_SEQUENCES}'")
    run(f"REASSIGN OWNED BY {identifier(login)} TO {identifier(owner)}")
    run("SET LOCAL lock_timeout TO DEFAULT")
    run(f"DROP OWNED BY {identifier(login)}")  # of which privileges are left


def _lock_tables(run: Run, login: str) -> None:
    """Lock the login's tables before anything that hangs on them, in the order in which sessions lock: table first."""
    tables = [table for (table,) in run(_TABLES, name=login)]
    if tables:
        run(f"SET LOCAL statement_timeout TO '{_WAIT_FOR_TABLES}'")
        run(f"LOCK TABLE {', '.join(f'ONLY {table}' for table in tables)} IN ACCESS EXCLUSIVE MODE")
        run("SET LOCAL statement_timeout TO DEFAULT")

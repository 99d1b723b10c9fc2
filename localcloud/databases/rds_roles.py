"""The roles of an RDS instance for PostgreSQL: `rdsadmin` above, a master user that is no superuser below.

Source: "Understanding the rds_superuser role" in the Amazon RDS User Guide.
"""

from __future__ import annotations

from typing import Any

from pg8000.converters import identifier, literal

# `rdsadmin` works behind the scenes: neither its statements nor those of them that fail belong into the log, least of
# all one that sets a password.
QUIET = {"options": "-c log_statement=none -c log_min_error_statement=panic -c log_min_duration_statement=-1"}


def create_roles(connection: Any, *, master_username: str, master_password: str, database: str | None) -> None:
    """Create RDS's roles, the master user and its database on a new server.

    :param connection: a session of the superuser in autocommit mode, for databases are not created in a transaction.
    :param database: created with the master as its owner; only the database `postgres` exists when None.
    """
    master = identifier(master_username)
    statements = [
        "CREATE ROLE rds_superuser NOLOGIN",
        # Not pg_read_all_data: it would open pg_authid, which no user of RDS can read.
        "GRANT pg_monitor, pg_signal_backend TO rds_superuser WITH ADMIN OPTION",
        f"CREATE ROLE {master} LOGIN CREATEROLE CREATEDB INHERIT PASSWORD {literal(master_password)}",
        f"GRANT rds_superuser TO {master} WITH ADMIN OPTION",
        f"ALTER DATABASE postgres OWNER TO {master}",
        f"ALTER DATABASE template1 OWNER TO {master}",
    ]
    if database not in (None, "postgres"):
        statements.append(f"CREATE DATABASE {identifier(database)} OWNER {master}")
    for statement in statements:
        connection.run(statement)


def set_password(connection: Any, username: str, password: str) -> None:
    """Set a role's password, as ModifyDBInstance does with the master's."""
    connection.run(f"ALTER ROLE {identifier(username)} PASSWORD {literal(password)}")

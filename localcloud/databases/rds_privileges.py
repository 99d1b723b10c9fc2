"""What the master user of an RDS instance for MySQL or MariaDB may do: never SUPER, FILE, SHUTDOWN or SYSTEM_USER.

Sources: "Master user account privileges", "Role-based privilege model for RDS for MySQL" and "Dynamic privileges for
RDS for MySQL" in the Amazon RDS User Guide. What RDS forbids by changes to the servers themselves is not to be had
here: that the master writes to the `mysql` database (and hence that it grants dynamic privileges which it does not
have), and on MariaDB that it alters `rdsadmin`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymysql.cursors import Cursor

MYSQL_ROLE = "rds_superuser_role"

_COMMON = (
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "CREATE",
    "DROP",
    "RELOAD",
    "PROCESS",
    "REFERENCES",
    "INDEX",
    "ALTER",
    "SHOW DATABASES",
    "CREATE TEMPORARY TABLES",
    "LOCK TABLES",
    "EXECUTE",
    "REPLICATION SLAVE",
    "REPLICATION CLIENT",
    "CREATE VIEW",
    "SHOW VIEW",
    "CREATE ROUTINE",
    "ALTER ROUTINE",
    "CREATE USER",
    "EVENT",
    "TRIGGER",
)

_MYSQL = (*_COMMON, "CREATE ROLE", "DROP ROLE")

# 8.4 split SET_USER_ID: of its two parts RDS gives the one that names a definer who exists.
_MYSQL_DYNAMIC = ("APPLICATION_PASSWORD_ADMIN", "ROLE_ADMIN", "SET_USER_ID", "SET_ANY_DEFINER", "XA_RECOVER_ADMIN")

_MARIADB_SINCE_11_4 = "SHOW CREATE ROUTINE"


def grant_mysql(cursor: Cursor, master: str) -> None:
    """Give a MySQL user what RDS gives its master: the privileges themselves, and the role that has them too."""
    dynamic = _known(cursor, _MYSQL_DYNAMIC)
    cursor.execute(f"CREATE ROLE {MYSQL_ROLE}@'%'")
    for grantee in (MYSQL_ROLE, master):
        for privileges in (_MYSQL, dynamic):  # no statement grants both kinds
            _grant(cursor, privileges, grantee)
    cursor.execute(f"GRANT {MYSQL_ROLE}@'%%' TO %s@'%%'", (master,))


def grant_mariadb(cursor: Cursor, master: str) -> None:
    """Give a MariaDB user what RDS gives its master."""
    _grant(cursor, (*_COMMON, *_known(cursor, [_MARIADB_SINCE_11_4])), master)


def _grant(cursor: Cursor, privileges: Iterable[str], grantee: str) -> None:
    cursor.execute(f"GRANT {', '.join(privileges)} ON *.* TO %s@'%%' WITH GRANT OPTION", (grantee,))


def _known(cursor: Cursor, privileges: Iterable[str]) -> list[str]:
    cursor.execute("SHOW PRIVILEGES")
    known = {str(row[0]).upper() for row in cursor.fetchall()}
    return [privilege for privilege in privileges if privilege in known]

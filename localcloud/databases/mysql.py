"""A MySQL server as RDS would run it, for as long as this process lives."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from localcloud.databases import mysql_settings, rds_privileges
from localcloud.databases.mysql_family import MySqlFamilyServer

if TYPE_CHECKING:
    from pymysql.cursors import Cursor

    from localcloud.databases.mysql_settings import Options


class MySqlServer(MySqlFamilyServer):
    """A running server; :meth:`create` makes one."""

    engine = "mysql"
    product = "MySQL"
    program_name = "mysqld"
    variable = "LOCALCLOUD_MYSQLD"
    # No X protocol, hence no second port; no statement reads or writes a file; no certificates but ours.
    own_options: ClassVar[Options] = {"mysqlx": "OFF", "secure-file-priv": "NULL", "auto-generate-certs": "OFF"}

    def _install(self, options: Options, superuser: str) -> None:
        statements = self._files.write("superuser.sql", superuser.encode())
        special: Options = {"initialize-insecure": None, "init-file": str(statements)}
        self._files.run_tool([*self._program.command, *mysql_settings.arguments(options | special)])
        statements.unlink()

    def _grant_to_master(self, cursor: Cursor) -> None:
        rds_privileges.grant_mysql(cursor, self.master_username)

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
    own_options: ClassVar[Options] = {
        "mysqlx": "OFF",  # a second protocol would need a second port
        "secure-file-priv": "NULL",  # no statement reads or writes a file
        "auto-generate-certs": "OFF",
        "innodb-page-cleaners": "1",
        "loose-innodb-redo-log-capacity": "32M",  # unknown before 8.0.30
    }

    def _install(self, options: Options, superuser: str) -> None:
        statements = self._files.write("superuser.sql", superuser.encode())
        special: Options = {"initialize-insecure": None, "init-file": str(statements)}
        self._files.run_tool([*self._program.command, *mysql_settings.arguments(options | special)])
        statements.unlink()

    def _grant_to_master(self, cursor: Cursor) -> None:
        rds_privileges.grant_mysql(cursor, self.master_username)

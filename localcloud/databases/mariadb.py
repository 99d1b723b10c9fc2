"""A MariaDB server as RDS would run it, for as long as this process lives."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from localcloud.databases import mysql_settings, rds_privileges
from localcloud.databases.errors import DatabaseServerError
from localcloud.databases.mysql_family import MySqlFamilyServer

if TYPE_CHECKING:
    from pymysql.cursors import Cursor

    from localcloud.databases.mysql_settings import Options

_SCRIPTS = ("system_tables", "performance_tables", "system_tables_data")

# The scripts make accounts for the machine's root, with and without this machine's name: none of them stays.
_NO_ACCOUNTS = """\
DELETE FROM mysql.global_priv WHERE User = 'root';
DELETE FROM mysql.proxies_priv WHERE User = 'root';
FLUSH PRIVILEGES;
"""


class MariaDbServer(MySqlFamilyServer):
    """A running server; :meth:`create` makes one."""

    engine = "mariadb"
    product = "MariaDB"
    program_name = "mariadbd"
    variable = "LOCALCLOUD_MARIADBD"
    own_options: ClassVar[Options] = {"innodb-log-file-size": "16M"}

    def _install(self, options: Options, superuser: str) -> None:
        self._files.make_folder(self._data.name)
        special: Options = {"bootstrap": None, "max-allowed-packet": "8M", "log-warnings": "0"}
        command = [*self._program.command, *mysql_settings.arguments(options | special)]
        self._files.run_tool(command, stdin=self._system_tables() + (_NO_ACCOUNTS + superuser).encode())

    def _system_tables(self) -> bytes:
        scripts = b"".join(self._script(name) for name in _SCRIPTS)
        return b"CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket = NULL;\n" + scripts

    def _script(self, name: str) -> bytes:
        # MariaDB 11 renamed them.
        candidates = [self._program.share / f"{prefix}_{name}.sql" for prefix in ("mysql", "mariadb")]
        found = next((path for path in candidates if path.is_file()), None)
        if found is None:
            raise DatabaseServerError(
                f"MariaDB's script {candidates[0].name} is not in {self._program.share}: install MariaDB completely, "
                f"or unset {self.variable} and run `make servers`."
            )
        return found.read_bytes()

    def _grant_to_master(self, cursor: Cursor) -> None:
        rds_privileges.grant_mariadb(cursor, self.master_username)

"""What MySQL and MariaDB servers share: options, logs, and the way clients talk to them."""

from __future__ import annotations

import abc
import contextlib
from typing import TYPE_CHECKING, ClassVar

import pymysql

from localcloud.databases import data_folder, mysql_settings
from localcloud.databases.programs import find_program
from localcloud.databases.server import SUPERUSER, DatabaseServer
from localcloud.databases.server_files import ServerFiles

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pymysql.connections import Connection
    from pymysql.cursors import Cursor

    from localcloud.databases.authority import Authority
    from localcloud.databases.mysql_settings import Options
    from localcloud.databases.programs import ServerProgram
    from localcloud.lifeline import GuardedProcess

# `rdsadmin` works behind the scenes: its statements do not belong into the log, least of all those with a password.
_QUIET = "SET SESSION sql_log_off = 1"


class MySqlFamilyServer(DatabaseServer):
    """A running server; :meth:`create` makes one.

    :cvar program_name: of its executable.
    :cvar own_options: what only this kind of server understands; nothing by default.
    """

    program_name: ClassVar[str]
    own_options: ClassVar[Options] = {}
    series_numbers = 2

    def __init__(self, directory: Path, *, authority: Authority, port: int, master_username: str) -> None:
        super().__init__(directory, authority=authority, port=port, master_username=master_username)
        installed = self._find()
        self._files = ServerFiles(directory)
        self._data = self._files.folder / "data"
        self._parameters: Options = {}
        try:
            self._program = installed.usable_by(self._files.account, copy_to=self._files.folder / "installation")
        except BaseException:
            data_folder.remove(directory)
            raise

    @property
    def general_log(self) -> Path:
        """The file with every statement of clients, as the server redacts it."""
        return self._files.folder / mysql_settings.GENERAL_LOG

    def set_master_password(self, password: str) -> None:
        """Set the master user's password, as ModifyDBInstance does."""
        with self._superuser() as cursor:
            cursor.execute("ALTER USER %s@'%%' IDENTIFIED BY %s", (self.master_username, password))

    def superuser_connection(self, database: str | None = None) -> Connection[Cursor]:
        """Return a DB-API connection of `rdsadmin`, unlogged; for tests only, as RDS hands out none.

        :param database: none by default.
        """
        return pymysql.connect(
            user=SUPERUSER,
            password=self._superuser_password,
            host=self.host,
            port=self.port,
            database=database,
            ssl=self._tls_context(),
            init_command=_QUIET,
        )

    @classmethod
    def _find(cls) -> ServerProgram:
        return find_program(cls.program_name, product=cls.product, variable=cls.variable)

    @classmethod
    def _version_command(cls) -> list[str]:
        return [*cls._find().command, "--no-defaults", "--version"]

    @abc.abstractmethod
    def _install(self, options: Options, superuser: str) -> None:
        """Make the data directory.

        :param options: what it is made with.
        :param superuser: the statements that make `rdsadmin` the only account, one a line.
        """

    @abc.abstractmethod
    def _grant_to_master(self, cursor: Cursor) -> None:
        """Give the master user, which exists, the privileges which it has on RDS."""

    @contextlib.contextmanager
    def _superuser(self) -> Iterator[Cursor]:
        with contextlib.closing(self.superuser_connection()) as connection, connection.cursor() as cursor:
            yield cursor

    def _initialise(self, certificate: Path, key: Path, parameters: Mapping[str, str]) -> None:
        self._parameters = dict(parameters)
        self._files.make_folder(mysql_settings.TEMPORARY)
        self._files.write(mysql_settings.AUTHORITY, self._authority.certificate.read_bytes())
        self._files.write(mysql_settings.CERTIFICATE, certificate.read_bytes())
        self._files.write(mysql_settings.KEY, key.read_bytes())
        options = self._storage_options() | self._parameters | {"general-log": "OFF"}
        self._install(options, self._superuser_statements())

    def _storage_options(self) -> Options:
        return mysql_settings.storage_options(self._program, self._files.folder, self._data) | self.own_options

    def _superuser_statements(self) -> str:
        return (
            "DROP USER IF EXISTS root@localhost;\n"
            f"CREATE USER {SUPERUSER}@localhost IDENTIFIED BY '{self._superuser_password}';\n"
            f"GRANT ALL PRIVILEGES ON *.* TO {SUPERUSER}@localhost WITH GRANT OPTION;\n"
        )

    def _create_master(self, password: str, database: str | None) -> None:
        with self._superuser() as cursor:
            cursor.execute("CREATE USER %s@'%%' IDENTIFIED BY %s", (self.master_username, password))
            self._grant_to_master(cursor)
            if database is not None:
                cursor.execute(f"CREATE DATABASE IF NOT EXISTS {quoted(database)}")

    def _run(self) -> GuardedProcess:
        options = (
            self._storage_options()
            | mysql_settings.service_options(self._files.folder)
            | self._parameters
            | {"port": str(self.port)}
        )
        command = [*self._program.command, *mysql_settings.arguments(options)]
        return self._files.start(command, log=self.log_file, cwd=self._files.folder)

    def _is_ready(self, pid: int) -> bool:  # noqa: ARG002  whoever accepts `rdsadmin`'s new password is this server
        try:
            self.superuser_connection().close()
        except pymysql.err.OperationalError:
            return False
        return True


def quoted(name: str) -> str:
    """Return the name of a database or another object as it stands in a statement."""
    return "`" + name.replace("`", "``") + "`"

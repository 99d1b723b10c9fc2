"""A PostgreSQL server as RDS would run it, for as long as this process lives."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pg8000.dbapi
import pg8000.native

from localcloud.databases import rds_roles
from localcloud.databases.binaries import VARIABLE, find_postgres
from localcloud.databases.postgres_cluster import PostgresCluster
from localcloud.databases.postgres_settings import server_settings
from localcloud.databases.server import SUPERUSER, DatabaseServer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from localcloud.databases.authority import Authority
    from localcloud.lifeline import GuardedProcess


class PostgresServer(DatabaseServer):
    """A running server; :meth:`create` makes one. Its database belongs to the master."""

    engine = "postgres"
    product = "PostgreSQL"
    variable = VARIABLE
    series_numbers = 1

    def __init__(self, directory: Path, *, authority: Authority, port: int, master_username: str) -> None:
        super().__init__(directory, authority=authority, port=port, master_username=master_username)
        self._cluster = PostgresCluster(directory)

    @property
    def general_log(self) -> Path:
        """The server's only log: `log_statement=all` has the statements in it."""
        return self.log_file

    def destroy(self) -> None:
        """Stop the server and remove all of its files, and its segment of shared memory."""
        self.kill()
        self._cluster.release_memory()
        super().destroy()

    def set_master_password(self, password: str) -> None:
        """Set the master user's password, as ModifyDBInstance does."""
        with contextlib.closing(self._superuser_session()) as session:
            rds_roles.set_password(session, self.master_username, password)

    def superuser_connection(self, database: str | None = None) -> pg8000.dbapi.Connection:
        """Return a DB-API connection of `rdsadmin`, unlogged; for tests only, as RDS hands out none."""
        return pg8000.dbapi.connect(**self._superuser_arguments(database or "postgres"))

    @classmethod
    def _version_command(cls) -> list[str]:
        return [find_postgres().postgres, "--version"]

    def _superuser_session(self) -> pg8000.native.Connection:
        return pg8000.native.Connection(**self._superuser_arguments("postgres"))

    def _superuser_arguments(self, database: str) -> dict[str, Any]:
        return {
            "user": SUPERUSER,
            "password": self._superuser_password,
            "host": self.host,
            "port": self.port,
            "database": database,
            "ssl_context": self._tls_context(),
            "startup_params": rds_roles.QUIET,
        }

    def _initialise(self, certificate: Path, key: Path, parameters: Mapping[str, str]) -> None:
        self._cluster.initialise(
            superuser_password=self._superuser_password,
            certificate=certificate,
            key=key,
            settings=server_settings(self.port, parameters),
        )

    def _create_master(self, password: str, database: str | None) -> None:
        with contextlib.closing(self._superuser_session()) as session:
            rds_roles.create_roles(
                session, master_username=self.master_username, master_password=password, database=database
            )

    def _run(self) -> GuardedProcess:
        return self._cluster.run(self.log_file)

    def _is_ready(self, pid: int) -> bool:
        return self._cluster.is_ready(pid)

    def _starts_later(self, logged: str) -> bool:
        # Busy sessions of a killed server notice that late; until then its successor refuses to start.
        return "pre-existing shared memory block" in logged

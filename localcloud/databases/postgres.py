"""A PostgreSQL server as RDS would run it, for as long as this process lives."""

from __future__ import annotations

import contextlib
import secrets
import ssl
import time
from typing import TYPE_CHECKING, Any, Self

import pg8000.dbapi
import pg8000.native

from localcloud.databases import data_folder, rds_roles
from localcloud.databases.errors import DatabaseServerError
from localcloud.databases.ports import LOOPBACK, free_port, is_free
from localcloud.databases.postgres_cluster import PostgresCluster
from localcloud.databases.postgres_settings import server_settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from localcloud.databases.authority import Authority
    from localcloud.lifeline import GuardedProcess

_START_SECONDS = 30.0


class PostgresServer:
    """A running server; :meth:`create` makes one."""

    host = "localhost"

    def __init__(self, directory: Path, *, authority: Authority, port: int, master_username: str) -> None:
        self.port = port
        self.master_username = master_username
        self.log_file = directory / "postgres.log"
        self._directory = directory
        self._authority = authority
        self._superuser_password = secrets.token_urlsafe(32)
        self._cluster = PostgresCluster(directory)
        self._process: GuardedProcess | None = None

    @classmethod
    def create(
        cls,
        directory: Path,
        *,
        authority: Authority,
        master_username: str,
        master_password: str,
        database: str | None = None,
        parameters: Mapping[str, str] | None = None,
        port: int | None = None,
    ) -> Self:
        """Make a new, empty server and start it.

        :param directory: the server's own; made when missing.
        :param authority: issues the server's certificate, for `localhost` and 127.0.0.1.
        :param master_username: gets the privileges of RDS's master user, hence is no superuser.
        :param database: owned by the master; only `postgres` exists by default.
        :param parameters: settings by their names in PostgreSQL's manual, as in a parameter group.
        :param port: where it listens; a free one by default.
        :raises DatabaseServerError: it cannot be had or started. Nothing is left running then.
        """
        server = cls(directory, authority=authority, port=port or free_port(), master_username=master_username)
        try:
            server._initialise(parameters or {})
            server.start()
            with contextlib.closing(server._superuser_session()) as session:
                rds_roles.create_roles(
                    session, master_username=master_username, master_password=master_password, database=database
                )
        except BaseException:
            server.destroy()
            raise
        return server

    @property
    def pid(self) -> int | None:
        """The server's process id; None while it is stopped."""
        return self._process.pid if self._process is not None and self._process.running else None

    def start(self) -> None:
        """Start the server, on the same port as before, and return when it accepts connections.

        :raises DatabaseServerError: it does not come up; the message ends with what it logged.
        """
        if self.pid is not None:
            return
        if not is_free(self.port):
            raise DatabaseServerError(
                f"Port {self.port} of PostgreSQL in {self._directory} is taken by another process: end that process."
            )
        self.stop()  # what is left of a server that ended by itself
        deadline = time.monotonic() + _START_SECONDS
        while not self._came_up(deadline):
            self.stop()
            # Busy sessions of a killed server notice that late; until then its successor refuses to start.
            logged = self._last_log_lines()
            if "pre-existing shared memory block" not in logged or time.monotonic() > deadline:
                raise DatabaseServerError(
                    f"PostgreSQL in {self._directory} does not start; its log ends with:\n{logged}"
                )
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop the server in an orderly way, ending open sessions; does nothing when it is stopped."""
        if self._process is not None:
            self._process.stop()

    def kill(self) -> None:
        """End the server as a crash would (`kill -9`)."""
        if self._process is not None:
            self._process.kill()

    def destroy(self) -> None:
        """Stop the server and remove all of its files."""
        self.kill()
        data_folder.remove(self._directory)

    def set_master_password(self, password: str) -> None:
        """Set the master user's password, as ModifyDBInstance does."""
        with contextlib.closing(self._superuser_session()) as session:
            rds_roles.set_password(session, self.master_username, password)

    def superuser_connection(self, database: str = "postgres") -> pg8000.dbapi.Connection:
        """Return a DB-API connection of `rdsadmin`, unlogged; for tests only, as RDS hands out none."""
        return pg8000.dbapi.connect(**self._superuser_arguments(database))

    def _superuser_session(self) -> pg8000.native.Connection:
        return pg8000.native.Connection(**self._superuser_arguments("postgres"))

    def _superuser_arguments(self, database: str) -> dict[str, Any]:
        return {
            "user": rds_roles.SUPERUSER,
            "password": self._superuser_password,
            "host": self.host,
            "port": self.port,
            "database": database,
            "ssl_context": ssl.create_default_context(cafile=self._authority.certificate),
            "startup_params": rds_roles.QUIET,
        }

    def _initialise(self, parameters: Mapping[str, str]) -> None:
        certificate, key = self._authority.issue(self.host, LOOPBACK)
        self._cluster.initialise(
            superuser_password=self._superuser_password,
            certificate=certificate,
            key=key,
            settings=server_settings(self.port, parameters),
        )

    def _came_up(self, deadline: float) -> bool:
        self._process = self._cluster.run(self.log_file)
        while self._process.running and time.monotonic() < deadline:
            if self._cluster.is_ready(self._process.pid):
                return True
            time.sleep(0.01)
        return False

    def _last_log_lines(self) -> str:
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-5:])

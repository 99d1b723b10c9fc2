"""What every database server of the local cloud has in common: its life, from its first start to its last trace."""

from __future__ import annotations

import abc
import re
import secrets
import signal
import ssl
import subprocess
import time
from typing import TYPE_CHECKING, Any, ClassVar, Self

from localcloud.databases import data_folder
from localcloud.databases.errors import DatabaseServerError
from localcloud.databases.ports import LOOPBACK, free_port, is_free

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from localcloud.databases.authority import Authority
    from localcloud.lifeline import GuardedProcess

SUPERUSER = "rdsadmin"
"""Whom every engine of RDS reserves for the service itself."""

_START_SECONDS = 30.0
_FAULTS = frozenset({signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE})

_VERSION = re.compile(r"(?:Ver|\)) (\d+(?:\.\d+)+)")  # "mysqld  Ver 8.4.3 ...", "postgres (PostgreSQL) 18.4"


class DatabaseServer(abc.ABC):
    """A server as RDS would run it, for as long as this process lives; :meth:`create` makes one.

    :cvar engine: RDS's name of the engine.
    :cvar product: what its makers call it.
    :cvar variable: the environment variable that names a user's own installation of it.
    :cvar series_numbers: how many numbers of its version make a release series, such as 18 or 8.4.
    """

    engine: ClassVar[str]
    product: ClassVar[str]
    variable: ClassVar[str]
    series_numbers: ClassVar[int]
    host = "localhost"

    def __init__(self, directory: Path, *, authority: Authority, port: int, master_username: str) -> None:
        self.port = port
        self.master_username = master_username
        self.log_file = directory / f"{self.engine}.log"
        self._directory = directory
        self._authority = authority
        self._superuser_password = secrets.token_urlsafe(32)
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
        :param database: made for the master; only what the engine brings along exists by default.
        :param parameters: settings by their names in the engine's manual, as in a parameter group.
        :param port: where it listens; a free one by default.
        :raises DatabaseServerError: it cannot be had or started. Nothing is left running then.
        """
        server = cls(directory, authority=authority, port=port or free_port(), master_username=master_username)
        try:
            certificate, key = authority.issue(cls.host, LOOPBACK)
            server._initialise(certificate, key, parameters or {})
            server.start()
            server._create_master(master_password, database)
        except BaseException:
            server.destroy()
            raise
        return server

    @classmethod
    def installed_version(cls) -> str:
        """Return the version of the server that would be started, such as 18.4 or 9.7.4.

        :raises DatabaseServerError: there is none, or it does not tell.
        """
        command = cls._version_command()
        try:
            said = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            raise DatabaseServerError(f"{command[0]} cannot be run: {error.strerror}") from error
        version = _VERSION.search(said.stdout)
        if version is None:
            raise DatabaseServerError(f"{cls.product} ({command[0]}) does not tell its version: {said.stderr.strip()}")
        return version[1]

    @property
    @abc.abstractmethod
    def general_log(self) -> Path:
        """The file with what clients sent, as far as the parameters have it logged."""

    @property
    def pid(self) -> int | None:
        """The server's process id; None while it is stopped."""
        return self._process.pid if self._process is not None and self._process.running else None

    @property
    def crashed(self) -> bool:
        """Whether a fault of the server's own program has ended it, rather than anybody who stopped or killed it."""
        code = self._process.exit_code if self._process is not None else None
        return code is not None and code - 128 in _FAULTS

    def start(self) -> None:
        """Start the server, on the same port as before, and return when it accepts connections.

        :raises DatabaseServerError: it does not come up; the message ends with what it logged.
        """
        if self.pid is not None:
            return
        if not is_free(self.port):
            raise DatabaseServerError(
                f"Port {self.port} of {self.product} in {self._directory} is taken by another process: "
                "end that process."
            )
        self.stop()  # what is left of a server that ended by itself
        deadline = time.monotonic() + _START_SECONDS
        while not self._came_up(deadline):
            self.stop()
            logged = self._last_log_lines()
            if not self._starts_later(logged) or time.monotonic() > deadline:
                raise DatabaseServerError(
                    f"{self.product} in {self._directory} does not start; its log ends with:\n{logged}"
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

    @abc.abstractmethod
    def set_master_password(self, password: str) -> None:
        """Set the master user's password, as ModifyDBInstance does."""

    @abc.abstractmethod
    def superuser_connection(self, database: str | None = None) -> Any:
        """Return a DB-API connection of `rdsadmin`, unlogged; for tests only, as RDS hands out none.

        :param database: the engine's own by default.
        """

    @classmethod
    @abc.abstractmethod
    def _version_command(cls) -> list[str]:
        """Return the command that prints the server's version."""

    @abc.abstractmethod
    def _initialise(self, certificate: Path, key: Path, parameters: Mapping[str, str]) -> None:
        """Make the files of a server that has only its superuser."""

    @abc.abstractmethod
    def _create_master(self, password: str, database: str | None) -> None:
        """Create the master user and its database."""

    @abc.abstractmethod
    def _run(self) -> GuardedProcess:
        """Start the server process, which is not ready yet."""

    @abc.abstractmethod
    def _is_ready(self, pid: int) -> bool:
        """Whether the server process accepts connections."""

    def _starts_later(self, logged: str) -> bool:  # noqa: ARG002  for servers that know such a reason
        """Whether a start failed for a reason which passes by itself."""
        return False

    def _tls_context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._authority.certificate)

    def _came_up(self, deadline: float) -> bool:
        self._process = self._run()
        while self._process.running and time.monotonic() < deadline:
            if self._is_ready(self._process.pid):
                return True
            time.sleep(0.01)
        return False

    def _last_log_lines(self) -> str:
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-5:])

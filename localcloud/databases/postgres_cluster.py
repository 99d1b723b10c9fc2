"""The data directory of one PostgreSQL server, and the programs that go with it."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from localcloud.databases import data_folder, shared_memory
from localcloud.databases.binaries import find_postgres
from localcloud.databases.postgres_settings import HOST_BASED_AUTHENTICATION
from localcloud.databases.server import SUPERUSER
from localcloud.databases.server_files import ServerFiles

if TYPE_CHECKING:
    from pathlib import Path

    from localcloud.lifeline import GuardedProcess

_PID_FILE = "postmaster.pid"


class PostgresCluster:
    """A data directory: made once, run any number of times.

    :raises DatabaseServerError: there is no PostgreSQL here, or no account or folder to run it.
    """

    def __init__(self, directory: Path) -> None:
        installed = find_postgres()
        self._files = ServerFiles(directory)
        self._data = self._files.folder / "cluster"
        try:
            copy = self._files.folder / "installation"
            self._binaries = installed.usable_by(self._files.account, copy_to=copy)
        except BaseException:
            data_folder.remove(directory)
            raise

    def initialise(self, *, superuser_password: str, certificate: Path, key: Path, settings: str) -> None:
        """Make the data directory with its configuration.

        :raises DatabaseServerError: initdb failed; the message ends with what it said.
        """
        password_file = self._files.write("password", superuser_password.encode())
        self._files.run_tool(self._initdb_command(password_file))
        password_file.unlink()
        self._files.write("cluster/server.crt", certificate.read_bytes())
        self._files.write("cluster/server.key", key.read_bytes())
        self._files.write("cluster/pg_hba.conf", HOST_BASED_AUTHENTICATION.encode())
        self._files.write("cluster/postgresql.conf", settings.encode())

    def run(self, log: Path) -> GuardedProcess:
        """Start the server process, which is not ready yet.

        :raises DatabaseServerError: the program cannot be executed.
        """
        return self._files.start(
            [self._binaries.postgres, "-D", str(self._data)],
            log=log,
            cwd=self._data,
            stop_signal=signal.SIGINT,  # "fast shutdown": open sessions are ended, not waited for
        )

    def release_memory(self) -> None:
        """Give back what a killed server has left outside of its folder."""
        shared_memory.remove_segment(self._data / _PID_FILE)

    def is_ready(self, pid: int) -> bool:
        """Whether the server process of an id accepts connections."""
        # What `pg_ctl --wait` looks at: first line the process id, eighth line the state.
        try:
            lines = (self._data / _PID_FILE).read_text().splitlines()
        except FileNotFoundError:
            return False
        return lines[:1] == [str(pid)] and [line.strip() for line in lines[7:8]] == ["ready"]

    def _initdb_command(self, password_file: Path) -> list[str]:
        return [
            self._binaries.initdb,
            f"--pgdata={self._data}",
            f"--username={SUPERUSER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        ]

"""The files of one PostgreSQL server, and the account and programs that go with them."""

from __future__ import annotations

import signal
import subprocess
from typing import TYPE_CHECKING

from localcloud.databases import data_folder, rds_roles
from localcloud.databases.account import server_account
from localcloud.databases.binaries import find_postgres
from localcloud.databases.errors import DatabaseServerError
from localcloud.databases.postgres_settings import HOST_BASED_AUTHENTICATION
from localcloud.lifeline import GuardedProcess, StartError

if TYPE_CHECKING:
    from pathlib import Path

_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}  # none of the starter's PG* variables


class PostgresCluster:
    """A data directory: made once, run any number of times.

    :raises DatabaseServerError: there is no PostgreSQL here, or no account or folder to run it.
    """

    def __init__(self, directory: Path) -> None:
        installed = find_postgres()
        self._account = server_account()
        self._folder = data_folder.create(directory, self._account)
        self._data = self._folder / "cluster"
        try:
            self._binaries = installed.usable_by(self._account, copy_to=self._folder / "installation")
        except BaseException:
            data_folder.remove(directory)
            raise

    def initialise(self, *, superuser_password: str, certificate: Path, key: Path, settings: str) -> None:
        """Make the data directory with its configuration.

        :raises DatabaseServerError: initdb failed; the message ends with what it said.
        """
        password_file = self._private_file("password", superuser_password.encode())
        account = self._account
        outcome = subprocess.run(
            self._initdb_command(password_file),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            cwd=self._folder,
            env=_ENVIRONMENT,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
        password_file.unlink()
        if outcome.returncode != 0:
            raise DatabaseServerError(f"initdb failed in {self._folder}: {outcome.stderr.strip()}")
        self._private_file("cluster/server.crt", certificate.read_bytes())
        self._private_file("cluster/server.key", key.read_bytes())
        self._private_file("cluster/pg_hba.conf", HOST_BASED_AUTHENTICATION.encode())
        self._private_file("cluster/postgresql.conf", settings.encode())

    def run(self, log: Path) -> GuardedProcess:
        """Start the server process, which is not ready yet.

        :raises DatabaseServerError: the program cannot be executed.
        """
        try:
            return GuardedProcess.start(
                [self._binaries.postgres, "-D", str(self._data)],
                log=log,
                cwd=self._data,
                environment=_ENVIRONMENT,
                account=self._account,
                stop_signal=signal.SIGINT,  # "fast shutdown": open sessions are ended, not waited for
                scratch=self._folder,
            )
        except StartError as error:
            raise DatabaseServerError(f"PostgreSQL does not start: {error}") from error

    def is_ready(self, pid: int) -> bool:
        """Whether the server process of an id accepts connections."""
        # What `pg_ctl --wait` looks at: first line the process id, eighth line the state.
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return lines[:1] == [str(pid)] and [line.strip() for line in lines[7:8]] == ["ready"]

    def _initdb_command(self, password_file: Path) -> list[str]:
        return [
            self._binaries.initdb,
            f"--pgdata={self._data}",
            f"--username={rds_roles.SUPERUSER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        ]

    def _private_file(self, name: str, content: bytes) -> Path:
        path = self._folder / name
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(content)
        if self._account is not None:
            self._account.own(path)
        return path

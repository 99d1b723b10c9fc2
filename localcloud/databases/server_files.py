"""The files of one server, and the account which owns them and runs the programs that use them."""

from __future__ import annotations

import signal
import subprocess
from typing import TYPE_CHECKING

from localcloud.databases import data_folder
from localcloud.databases.account import server_account
from localcloud.databases.errors import DatabaseServerError
from localcloud.lifeline import GuardedProcess, StartError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}  # none of the starter's PG* and MYSQL* variables


class ServerFiles:
    """A folder that only the server's account may enter.

    :param directory: the server's own; the folder lies in it, or elsewhere when the account could not reach it there.
    :raises DatabaseServerError: there is no account or no folder for a server.
    """

    def __init__(self, directory: Path) -> None:
        self.account = server_account()
        self.folder = data_folder.create(directory, self.account)

    def write(self, name: str, content: bytes) -> Path:
        """Write a file that only the account can read, and return its path."""
        path = self.folder / name
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(content)
        if self.account is not None:
            self.account.own(path)
        return path

    def make_folder(self, name: str) -> Path:
        """Make a folder for the account, and return its path."""
        path = self.folder / name
        path.mkdir(mode=0o700)
        if self.account is not None:
            self.account.own(path)
        return path

    def run_tool(self, command: Sequence[str], *, stdin: bytes = b"") -> None:
        """Run a program to its end as the account.

        :param stdin: what it reads; nothing by default.
        :raises DatabaseServerError: it cannot be run or fails; the message ends with what it said.
        """
        account = self.account
        try:
            outcome = subprocess.run(
                command,
                input=stdin,
                capture_output=True,
                check=False,
                cwd=self.folder,
                env=_ENVIRONMENT,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            )
        except OSError as error:
            raise DatabaseServerError(f"{command[0]} cannot be run: {error.strerror}: {error.filename}") from error
        if outcome.returncode != 0:
            said = "\n".join((outcome.stdout + outcome.stderr).decode(errors="replace").strip().splitlines()[-5:])
            raise DatabaseServerError(f"The new server in {self.folder} cannot be initialised: {said}")

    def start(
        self, command: Sequence[str], *, log: Path, cwd: Path, stop_signal: signal.Signals = signal.SIGTERM
    ) -> GuardedProcess:
        """Start a server as the account; it ends with this process at the latest.

        :param stop_signal: what asks it to end in an orderly way.
        :raises DatabaseServerError: the program cannot be executed.
        """
        try:
            return GuardedProcess.start(
                command,
                log=log,
                cwd=cwd,
                environment=_ENVIRONMENT,
                account=self.account,
                stop_signal=stop_signal,
                scratch=self.folder,
            )
        except StartError as error:
            raise DatabaseServerError(f"The server does not start: {error}") from error

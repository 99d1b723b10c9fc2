"""A server unpacked into a folder."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud.databases.debian.lock import Lock
from localcloud.databases.errors import DatabaseServerError
from localcloud.databases.programs import ServerProgram

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localcloud.databases.debian.apt import Apt
    from localcloud.databases.debian.packages import Package

# The rest is documentation, scripts and other programs, more than half of it all.
_NEEDED = ("usr/sbin", "usr/lib", "usr/lib64", "lib", "lib64", "usr/share/mysql")


@dataclass(frozen=True)
class Installation:
    """The place of one server.

    :param folder: of this server alone; need not exist.
    :param program_name: of the server's executable.
    """

    folder: Path
    program_name: str

    def packages(self, architecture: str) -> list[Package]:
        """Return what is unpacked here for an architecture."""
        return Lock(self.folder / "packages.json").recorded(self.folder.name, architecture)

    def unpack(self, apt: Apt, packages: Sequence[Package]) -> None:
        """Download packages and put them in the place of whatever is here; it stays when they are of no use.

        :raises DatabaseServerError: a package cannot be had, or the server does not run with them.
        """
        with tempfile.TemporaryDirectory(dir=self.folder.parent, prefix=".unpacking-") as name:
            draft, complete = Path(name) / self.folder.name, Path(name) / "complete"
            for file in apt.download(packages, Path(name)):
                subprocess.run(["dpkg-deb", "--extract", str(file), str(complete)], check=True, capture_output=True)
            for part in _NEEDED:
                _move(complete / part, draft / "root" / part)
            self._try(draft / "root")
            Lock(draft / "packages.json").record(self.folder.name, apt.architecture, packages)
            shutil.rmtree(self.folder, ignore_errors=True)
            draft.rename(self.folder)

    def _try(self, root: Path) -> None:
        command = [
            *ServerProgram(root / "usr" / "sbin" / self.program_name, root).command,
            "--no-defaults",
            "--version",
        ]
        outcome = subprocess.run(command, capture_output=True, text=True, check=False)
        if outcome.returncode != 0:
            raise DatabaseServerError(f"{self.program_name} does not run here: {outcome.stderr.strip()}")


def _move(source: Path, to: Path) -> None:
    if source.exists():
        to.parent.mkdir(parents=True, exist_ok=True)
        source.rename(to)

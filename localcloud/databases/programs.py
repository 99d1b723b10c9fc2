"""Where the programs of MySQL and MariaDB come from: the user's own, else what `make servers` unpacked."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud.databases.errors import DatabaseServerError

if TYPE_CHECKING:
    from localcloud.databases.account import Account

UNPACKED = Path(__file__).resolve().parents[2] / "build" / "servers"
"""Holds a folder for each server that :mod:`localcloud.databases.install` unpacked."""

_SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/usr/libexec")  # servers lie there, off most users' PATH


@dataclass(frozen=True)
class ServerProgram:
    """A server's executable.

    :param path: the executable.
    :param root: the folder which plays `/` for an unpacked one; None for one that is installed on this machine.
    """

    path: Path
    root: Path | None = None

    @property
    def command(self) -> list[str]:
        """What starts it, without any option.

        An unpacked server was built for another system: it runs on the loader and the libraries unpacked with it.
        """
        if self.root is None:
            return [str(self.path)]
        libraries = [str(path) for path in sorted(self.root.glob("usr/lib/*-linux-gnu*"))]
        libraries += [str(path) for path in sorted(self.root.glob("lib/*-linux-gnu*"))]
        return [str(self._loader(self.root)), "--library-path", ":".join(libraries), str(self.path)]

    @property
    def share(self) -> Path:
        """The folder of its messages, character sets and SQL scripts."""
        candidates = [self.path.parents[1] / "share" / name for name in ("mysql", "mariadb")]
        return next((path for path in candidates if path.is_dir()), Path("/usr/share/mysql"))

    def usable_by(self, account: Account | None, *, copy_to: Path) -> ServerProgram:
        """Return this program, or a copy of an unpacked one where an account cannot reach it.

        :param account: who runs it; None for this process's own user, who can.
        :param copy_to: a folder that the account can enter; it is made when a copy is needed.
        """
        if account is None or self.root is None or account.can_enter(self.path.parent):
            return self
        shutil.copytree(self.root, copy_to, symlinks=True)
        return ServerProgram(copy_to / self.path.relative_to(self.root), copy_to)

    @staticmethod
    def _loader(root: Path) -> Path:
        # The links to it are absolute, hence lead out of the folder: the file itself is meant.
        found = [path for path in sorted(root.glob("**/ld-linux*.so.*")) if not path.is_symlink()]
        if not found:
            raise DatabaseServerError(f"No loader (ld-linux) in {root}: remove that folder and run `make servers`.")
        return found[0]


def find_program(name: str, *, product: str, variable: str) -> ServerProgram:
    """Find the program of a server.

    :param name: of the executable.
    :param product: the server's name for people, and in small letters the folder where `make servers` unpacks it.
    :param variable: the environment variable that names a user's own executable.
    :raises DatabaseServerError: it is in none of the places; the message names them all.
    """
    named = os.environ.get(variable)
    if named:
        return _of_the_user(Path(named), variable)
    root = UNPACKED / product.lower() / "root"
    unpacked = root / "usr" / "sbin" / name
    if os.access(unpacked, os.X_OK):
        return ServerProgram(unpacked, root)
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *_SYSTEM_FOLDERS])
    installed = Path(shutil.which(name, path=path) or "").resolve()
    if installed.name != name:  # none, or a link to something else: MariaDB calls itself `mysqld` as well
        raise DatabaseServerError(
            f"No {product} here: run `make servers` (on Debian), install a package that has `{name}`, "
            f"or set {variable} to the path of your own `{name}`."
        )
    return ServerProgram(installed)


def _of_the_user(path: Path, variable: str) -> ServerProgram:
    if not (path.is_file() and os.access(path, os.X_OK)):
        raise DatabaseServerError(
            f"{variable}={str(path)!r} is no program that can be run: set it to the path of an executable, or unset it."
        )
    return ServerProgram(path.resolve())

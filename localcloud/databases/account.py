"""The account which a database server runs as: none of them runs as root."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localcloud.databases.errors import DatabaseServerError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Account:
    """An unprivileged user of this machine."""

    name: str
    uid: int
    gid: int

    def can_enter(self, directory: Path) -> bool:
        """Whether the permissions of a directory and of all above it let this account in."""
        resolved = directory.resolve()
        return all(self._may_search(folder.stat()) for folder in (resolved, *resolved.parents))

    def own(self, *paths: Path) -> None:
        """Give files or folders to this account."""
        for path in paths:
            os.chown(path, self.uid, self.gid)

    def _may_search(self, status: os.stat_result) -> bool:
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)


def server_account() -> Account | None:
    """Return the account to start a server as, or None when this process is unprivileged itself.

    :raises DatabaseServerError: this process is root and the machine knows no other user.
    """
    if os.geteuid() != 0:
        return None
    others = [entry for entry in pwd.getpwall() if entry.pw_uid != 0]
    if not others:
        raise DatabaseServerError(
            "Database servers refuse to run as root and /etc/passwd has no other user: add one (`useradd nobody`)."
        )
    chosen = next((entry for entry in others if entry.pw_name == "nobody"), others[0])
    return Account(chosen.pw_name, chosen.pw_uid, chosen.pw_gid)

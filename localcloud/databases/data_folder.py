"""A server's data folder: below its own directory, or elsewhere when the server's account could not reach it there."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localcloud.databases.account import Account

_NAME = "data"


def create(directory: Path, account: Account | None) -> Path:
    """Make the folder which a server's files go to, owned by its account and closed to everybody else.

    An account that cannot enter the directory (a clone below /root, a test's private folder) gets a folder in the
    system's temporary directory; a symbolic link records where, so that :func:`remove` finds it in any process.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    recorded = directory / _NAME
    if account is None:
        recorded.mkdir(mode=0o700)
        return recorded
    if account.can_enter(directory):
        recorded.mkdir(mode=0o700)
        folder = recorded
    else:
        folder = Path(tempfile.mkdtemp(prefix="rotating-rds-"))
        recorded.symlink_to(folder)
    account.own(folder)
    return folder


def remove(directory: Path) -> None:
    """Remove a directory with everything in it, and the data folders elsewhere which links in it record."""
    for link in directory.rglob(_NAME):
        if link.is_symlink():
            shutil.rmtree(link.resolve(), ignore_errors=True)
    shutil.rmtree(directory, ignore_errors=True)

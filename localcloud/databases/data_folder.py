"""A server's data folder: below its own directory, or elsewhere when the server's account could not reach it there."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud.databases.errors import DatabaseServerError

if TYPE_CHECKING:
    from localcloud.databases.account import Account

_NAME = "data"
_PREFIX = "rotating-rds-"
_PATIENCE_SECONDS = 15.0


def create(directory: Path, account: Account | None) -> Path:
    """Make the folder which a server's files go to, owned by its account and closed to everybody else.

    An account that cannot enter the directory (a clone below /root, a test's private folder) gets a folder in a
    temporary directory; a symbolic link records where, so that :func:`remove` finds it in any process.

    :raises DatabaseServerError: the directory has a server's files, or the account can enter no temporary directory.
    """
    recorded = directory / _NAME
    if recorded.exists() or recorded.is_symlink():
        raise DatabaseServerError(f"{directory} has a database server's files already: name another directory.")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if account is None or account.can_enter(directory):
        recorded.mkdir(mode=0o700)
        folder = recorded
    else:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_temporary_directory(account)))
        recorded.symlink_to(folder)
    if account is not None:
        account.own(folder)
    return folder


def remove(path: Path) -> None:
    """Remove a file or a directory with everything in it, and the data folders elsewhere which links in it record."""
    if not path.is_dir():
        path.unlink(missing_ok=True)
        return
    for link in path.rglob(_NAME):
        target = link.resolve()
        if link.is_symlink() and target.name.startswith(_PREFIX):
            _remove_tree(target)
    _remove_tree(path)


def _remove_tree(directory: Path) -> None:
    # A server that lost its starter may still be writing its last files.
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while directory.exists():
        try:
            shutil.rmtree(directory)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _temporary_directory(account: Account) -> Path:
    # TMPDIR may itself be closed to others: macOS gives every user one, and the emulator has its own.
    candidates = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]  # noqa: S108  mkdtemp makes a private one
    for candidate in candidates:
        if candidate.is_dir() and account.can_enter(candidate):
            return candidate
    raise DatabaseServerError(
        f"The user {account.name!r}, which the server runs as because this process is root, can enter none of "
        f"{', '.join(map(str, candidates))}: set TMPDIR to a directory that everybody may enter."
    )

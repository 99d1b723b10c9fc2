"""The System V segment by which PostgreSQL notices that its data directory is in use.

A server that was killed leaves it to its successor. One that has none would leave it for good, and a system has a
limited number of them.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_LINE = 6  # of postmaster.pid: key and id ("src/include/utils/pidfile.h")
_IPC_RMID = 0  # on Linux and macOS


def remove_segment(recorded: Path) -> None:
    """Remove the segment of a server that was killed; does nothing where there is none.

    :param recorded: the server's `postmaster.pid`, which one that ended in an orderly way has removed.
    """
    try:
        key, identifier = map(int, recorded.read_text().splitlines()[_LINE].split())
    except (FileNotFoundError, IndexError, ValueError):
        return
    libc = ctypes.CDLL(None)
    # An id may belong to somebody else by now, but then it is not that of our key.
    if libc.shmget(ctypes.c_int(key), ctypes.c_size_t(0), 0) == identifier:
        libc.shmctl(identifier, _IPC_RMID, None)

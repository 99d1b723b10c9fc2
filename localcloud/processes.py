"""Processes that outlive the program which started them, told apart from others that were given their id later."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterable

# The start time is reckoned from the machine's time of boot, which moves when the clock is set right. An id is not
# given out again that soon.
_TOLERANCE_SECONDS = 2.0

_TO_DIE_SECONDS = 10.0  # for what was killed


@dataclass(frozen=True)
class ProcessIdentity:
    """A process id together with the time when the process started, in seconds since the epoch."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> Self:
        """Identify a process that runs now.

        :raises psutil.NoSuchProcess: it has ended already.
        """
        return cls(pid, psutil.Process(pid).create_time())

    def find(self) -> psutil.Process | None:
        """Return the process, or None when it has ended, whoever may have its id by now."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) <= _TOLERANCE_SECONDS
        except psutil.NoSuchProcess:
            return None
        return process if same and _is_alive(process) else None


def end(identities: Iterable[ProcessIdentity], *, grace: float) -> None:
    """End processes with all their descendants, and return when none is left.

    :param identities: ended one after the other, parents first; those that have ended already are no error.
    :param grace: seconds which all of them have together for an orderly end before they are killed.
    """
    deadline = time.monotonic() + grace
    for identity in identities:
        process = identity.find()
        if process is None:
            continue
        family = [process, *_descendants(process)]
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
        for straggler in _still_alive(family, deadline):
            with contextlib.suppress(psutil.NoSuchProcess):
                straggler.kill()
        _still_alive(family, time.monotonic() + _TO_DIE_SECONDS)


def listener_on(port: int) -> str | None:
    """Describe the process that listens on a TCP port of this machine; None when that cannot be seen."""
    try:
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,)
            if listens and connection.pid:
                return f"process {connection.pid} ({psutil.Process(connection.pid).name()})"
    except psutil.Error:
        return None
    return None


def _still_alive(processes: list[psutil.Process], deadline: float) -> list[psutil.Process]:
    """Return what has not ended by a deadline, and as soon as everything has."""
    while alive := [process for process in processes if _is_alive(process)]:
        if time.monotonic() > deadline:
            break
        time.sleep(0.02)
    return alive


def _is_alive(process: psutil.Process) -> bool:
    # A zombie has ended; in a container whose first process collects no orphans it stays for good.
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []

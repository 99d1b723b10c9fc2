"""Every process that the demo has to answer for, whoever has become its parent."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from pathlib import Path

    from localcloud.cloud import LocalCloud

_SECONDS_TO_END = 5.0


class ProcessCensus:
    """Remembers processes while they live, so that it can tell later which of them still do.

    :param workspace: Whatever names this directory in its command line is the demo's too.
    """

    def __init__(self, workspace: Path) -> None:
        self._workspace = str(workspace)
        self._seen: set[psutil.Process] = set()

    def take(self, cloud: LocalCloud) -> None:
        """Note this process's descendants, and the local cloud's, which need not be descendants."""
        roots = {os.getpid(), *(identity.pid for identity in cloud.state.processes)}
        roots |= {database.pid for database in cloud.control.databases() if database.pid is not None}
        for pid in roots:
            with contextlib.suppress(psutil.NoSuchProcess):
                process = psutil.Process(pid)
                self._seen.update(process.children(recursive=True))
                if pid != os.getpid():
                    self._seen.add(process)

    def left(self) -> list[str]:
        """Describe those that still run, after a moment's patience."""
        suspects = self._seen | set(psutil.Process().children(recursive=True)) | set(self._by_command_line())
        _, alive = psutil.wait_procs(suspects, timeout=_SECONDS_TO_END)
        return [f"{process.pid} {_name(process)}" for process in alive if _runs(process)]

    def __len__(self) -> int:
        return len(self._seen)

    def _by_command_line(self) -> list[psutil.Process]:
        return [
            process
            for process in psutil.process_iter(["cmdline"])
            if process.pid != os.getpid() and any(self._workspace in part for part in process.info["cmdline"] or ())
        ]


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.NoSuchProcess:
        return "gone"

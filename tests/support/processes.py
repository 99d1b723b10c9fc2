"""What runs on this machine because of a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from pathlib import Path


def alive(pid: int) -> bool:
    """Whether a process runs, a zombie being none."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def processes_of(directory: Path) -> list[psutil.Process]:
    """Return the processes, but for this one, which name a directory in their command or their environment."""
    return [
        process
        for process in psutil.process_iter()
        if process.pid != psutil.Process().pid and _names(process, str(directory))
    ]


def _names(process: psutil.Process, text: str) -> bool:
    try:
        return any(text in word for word in (*process.cmdline(), *process.environ().values()))
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False

"""Command-line tools as child processes that never outlive the demo."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SECONDS_TO_END = 5.0
_LINES_SHOWN = 20


class CommandError(Exception):
    """A command ended with an exit code other than 0."""


def run(command: list[str], *, cwd: Path, environment: Mapping[str, str], log: Path) -> None:
    """Run a command to its end, its output in a file.

    :raises CommandError: with the end of that output.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, process_group=0
        )
        try:
            code = process.wait()
        finally:
            _end(process)
    if code != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-_LINES_SHOWN:])
        raise CommandError(f"`{' '.join(command)}` ended with exit code {code}; its output ends with:\n{tail}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what is left of the command's process group: the CDK CLI has children of its own."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_SECONDS_TO_END)
            return

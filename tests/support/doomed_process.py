"""The process in which the rotation function runs, again and again, and in which it may be killed at any call."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.support.deployment import ROOT
from tests.support.doomed_function import Call

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@dataclass
class DoomedProcess:
    """Runs orders in forks of a process that has everything imported already.

    :param folder: for journals and for what the function prints.
    """

    folder: Path
    process: subprocess.Popen[str]
    _runs: int = field(default=0, init=False)

    @property
    def output(self) -> str:
        """What the function has printed in all of its runs."""
        return self._output.read_text() if self._output.exists() else ""

    def run(self, **order: Any) -> tuple[int, list[Call]]:
        """Run the function as an order says; return the exit code and the external calls."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._runs += 1
        journal = self.folder / f"{self._runs}.jsonl"
        files = {"journal": str(journal), "output": str(self._output)}
        print(json.dumps({**order, **files}), file=self.process.stdin, flush=True)
        code = int(self.process.stdout.readline())
        return code, [Call(**json.loads(line)) for line in journal.read_text().splitlines()] if journal.exists() else []

    @property
    def _output(self) -> Path:
        return self.folder / "output.log"


@contextmanager
def doomed_process(folder: Path, environment: Mapping[str, str]) -> Iterator[DoomedProcess]:
    """Start the process with variables of its own, and end it.

    :param environment: what the function sees beside the search path.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.doomed_function"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
    ) as process:
        try:
            yield DoomedProcess(folder, process)
        finally:
            process.kill()

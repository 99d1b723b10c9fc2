"""Programs that start something, say what, and then wait to be killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).resolve().parents[2]


@contextlib.contextmanager
def starter(program: str, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], Any]]:
    """Run a program which calls `say(document)` once, and yield it with that document; it is killed at the end."""
    source = (
        "import json, sys, time\n"
        "def say(document): print(json.dumps(document), flush=True); time.sleep(600)\n" + textwrap.dedent(program)
    )
    process = subprocess.Popen(
        [sys.executable, "-c", source, *arguments],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.send_signal(signal.SIGKILL)

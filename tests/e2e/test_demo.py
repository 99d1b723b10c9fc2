from __future__ import annotations

import os
import subprocess
import sys

from tests.support.deployment import ROOT


def test_the_demonstration_holds_every_check() -> None:
    """What newcomers run first works, whole, and says so with its exit code."""
    path = os.pathsep.join([f"{ROOT}/.venv/bin", f"{ROOT}/node_modules/.bin", os.environ["PATH"]])
    finished = subprocess.run(
        [sys.executable, "-m", "examples.demo"],
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "All 18 checks held" in finished.stdout

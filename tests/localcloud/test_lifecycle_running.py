"""How `python -m localcloud run` treats the command that it runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from localcloud.errors import LocalCloudError
from localcloud.platforms import run
from tests.support.starter import CHECKOUT

RUN = "import os, sys; from localcloud.platforms import run; sys.exit(run(sys.argv[1:], os.environ))"
GRACEFUL = """
import signal, sys, threading
stopping = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stopping.set())
print("ready", flush=True)
stopping.wait(60)
sys.exit(7)
"""


@pytest.mark.parametrize(
    ("program", "code"), [("raise SystemExit(5)", 5), ("import os; os.kill(os.getpid(), 9)", 128 + signal.SIGKILL)]
)
def test_the_exit_code_is_the_commands(program: str, code: int) -> None:
    """A signal that ended it is told as shells tell it."""
    assert run([sys.executable, "-c", program], os.environ) == code


def test_the_command_is_asked_to_end_and_may_take_its_time() -> None:
    """What a stop by ECS or systemd sends reaches the application, whose last word counts."""
    command = [sys.executable, "-c", RUN, sys.executable, "-c", GRACEFUL]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as runner:
        assert runner.stdout is not None
        assert runner.stdout.readline() == "ready\n"
        runner.terminate()
        assert runner.wait(timeout=60) == 7


def test_a_command_that_is_missing_is_one_sentence() -> None:
    """And leaves the signals of the caller as they were."""
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(LocalCloudError, match="no-such-program cannot be run: No such file or directory"):
        run(["no-such-program"], os.environ)
    assert signal.getsignal(signal.SIGTERM) is before

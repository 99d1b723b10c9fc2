from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from localcloud.lifeline import GuardedProcess, StartError
from tests.support.processes import alive
from tests.support.starter import starter
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

# A child that says when it is ready for signals, and what it does about the orderly one.
OBEDIENT = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(print("bye")))
print("ready", flush=True)
time.sleep(600)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
"""
PARENT = """
import subprocess, sys, time
print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid, flush=True)
time.sleep(600)
"""
STARTER = """
    import sys
    from pathlib import Path
    from localcloud.lifeline import GuardedProcess
    directory = Path(sys.argv[1])
    files = {"log": directory / "log", "cwd": directory, "scratch": directory / "scratch"}
    child = GuardedProcess.start([sys.executable, "-c", sys.argv[2]], environment={}, **files)
    if sys.argv[3:] == ["release"]:
        child.release()
    say([child.pid, child.keeper_pid])
"""


def _start(directory: Path, program: str, *, grace: float = 10.0) -> GuardedProcess:
    log = directory / "log"
    child = GuardedProcess.start(
        [sys.executable, "-c", program],
        log=log,
        cwd=directory,
        environment={},
        grace=grace,
        scratch=directory / "scratch",
    )
    assert eventually(lambda: log.read_text() != "")
    return child


def test_a_child_writes_into_its_log(tmp_path: Path) -> None:
    """What the child prints is appended to the log file, which only its user may read."""
    child = _start(tmp_path, OBEDIENT)
    child.stop()
    assert (tmp_path / "log").read_text() == "ready\nbye\n"
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600


def test_a_program_that_does_not_exist_is_named(tmp_path: Path) -> None:
    """A missing program is an error of the start, not of something later."""
    with pytest.raises(StartError, match="/no/such/program cannot be run: No such file or directory"):
        GuardedProcess.start(["/no/such/program"], log=tmp_path / "log", cwd=tmp_path, environment={})


def test_a_stopped_child_may_end_in_an_orderly_way(tmp_path: Path) -> None:
    """The stop signal comes first; only what does not heed it is killed."""
    child = _start(tmp_path, OBEDIENT)
    child.stop()
    assert (tmp_path / "log").read_text().endswith("bye\n")
    assert not alive(child.pid)


def test_a_child_that_ignores_the_stop_signal_is_killed_when_its_grace_is_over(tmp_path: Path) -> None:
    """No child can refuse to end."""
    child = _start(tmp_path, STUBBORN, grace=0.2)
    child.stop()
    assert not alive(child.pid)


def test_a_killed_child_has_no_time_to_say_goodbye(tmp_path: Path) -> None:
    """Killing is what a crash is."""
    child = _start(tmp_path, OBEDIENT)
    child.kill()
    assert (tmp_path / "log").read_text() == "ready\n"
    assert not child.running


def test_a_child_that_ends_by_itself_is_seen_to_have_ended(tmp_path: Path) -> None:
    """The guardian ends with its child, and the starter sees it."""
    child = _start(tmp_path, "print('done')")
    assert eventually(lambda: not child.running)
    child.stop()


def test_what_the_child_started_ends_with_it(tmp_path: Path) -> None:
    """A child's own children are in its process group, which is ended as a whole."""
    child = _start(tmp_path, PARENT)
    grandchild = int((tmp_path / "log").read_text())
    child.kill()
    assert eventually(lambda: not alive(grandchild))


def test_the_death_of_the_starter_ends_the_child(tmp_path: Path) -> None:
    """`kill -9` leaves the starter no chance to clean up; the guardian does."""
    with starter(STARTER, str(tmp_path), OBEDIENT) as (program, (child, keeper)):
        assert alive(child)
        program.send_signal(signal.SIGKILL)
        assert eventually(lambda: not alive(child) and not alive(keeper))


def test_the_death_of_the_starter_removes_what_is_of_no_use_without_it(tmp_path: Path) -> None:
    """A scratch folder does not fill the disk after a crash."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with starter(STARTER, str(tmp_path), OBEDIENT) as (program, _):
        program.send_signal(signal.SIGKILL)
        assert eventually(lambda: not scratch.exists())


def test_an_ordered_stop_keeps_the_scratch_folder(tmp_path: Path) -> None:
    """A stopped server is started again on the same files."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    _start(tmp_path, OBEDIENT).stop()
    assert scratch.exists()


def test_a_released_child_outlives_its_starter(tmp_path: Path) -> None:
    """Releasing is how a background service survives the shell; its guardian still obeys a signal."""
    with starter(STARTER, str(tmp_path), OBEDIENT, "release") as (program, (child, keeper)):
        program.send_signal(signal.SIGKILL)
        program.wait()
        try:
            assert not eventually(lambda: not alive(child), within=0.5)
        finally:
            os.kill(keeper, signal.SIGTERM)
        assert eventually(lambda: not alive(child) and not alive(keeper))

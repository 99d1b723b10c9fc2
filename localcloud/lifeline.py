"""Child processes that end with their starter, however it ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from typing import IO, TYPE_CHECKING, Self

from localcloud import guardian

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from localcloud.databases.account import Account


class StartError(Exception):
    """A command could not be run at all."""


class GuardedProcess:
    """A child under a guardian process: when this process ends, the child is stopped, at last by force.

    A process made by `fork` without `exec` would inherit the lifeline and prolong the child's life; `subprocess` makes
    none.
    """

    def __init__(self, keeper: subprocess.Popen[bytes], pid: int) -> None:
        self._keeper = keeper
        self.pid = pid

    @classmethod
    def start(
        cls,
        command: Sequence[str],
        *,
        log: Path,
        cwd: Path,
        environment: Mapping[str, str],
        account: Account | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        grace: float = 10.0,
        scratch: Path | None = None,
    ) -> Self:
        """Start a command whose output is appended to a log file.

        :param command: the program's path and its arguments.
        :param log: where standard output and standard error go, appended.
        :param cwd: the child's working directory.
        :param environment: the child's whole environment.
        :param account: who the child runs as; the starter's own user by default.
        :param stop_signal: what asks the child to end in an orderly way.
        :param grace: seconds which it has for that before its whole process group is killed.
        :param scratch: a folder that is of no use without the starter: removed when the starter dies before the child.
        :raises StartError: the program is missing or may not be executed.
        """
        options = {"log": str(log), "cwd": str(cwd), "stop_signal": int(stop_signal), "grace": grace}
        if scratch is not None:
            options["scratch"] = str(scratch)
        if account is not None:
            options |= {"uid": account.uid, "gid": account.gid}
        keeper = subprocess.Popen(
            [sys.executable, "-ISu", guardian.__file__, json.dumps(options), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=dict(environment),
            cwd="/",
            start_new_session=True,  # Ctrl-C in the starter's terminal is the starter's to handle
        )
        with _pipe(keeper.stdout) as answers:
            answer = answers.readline().decode(errors="replace").strip()
        if not answer.isdigit():
            _pipe(keeper.stdin).close()
            keeper.wait()
            raise StartError(answer.removeprefix("! ") or f"The guardian of {command[0]} ended without an answer.")
        return cls(keeper, int(answer))

    @property
    def keeper_pid(self) -> int:
        """The guardian's process id; the guardian ends after the child."""
        return self._keeper.pid

    @property
    def running(self) -> bool:
        """Whether the child still runs."""
        return self._keeper.poll() is None

    @property
    def exit_code(self) -> int | None:
        """How the child ended, 128 more than the number of a signal that ended it; None while it runs."""
        return self._keeper.poll()

    def stop(self) -> None:
        """Ask the child to end, force it when its grace is over, and return when it is gone."""
        _say(self._keeper.stdin, guardian.STOP)
        self._keeper.wait()

    def kill(self) -> None:
        """End the child at once, as `kill -9` does, and return when it is gone."""
        # While its guardian runs, the child is at most a zombie, so that its id cannot belong to another process.
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        self.stop()

    def release(self) -> None:
        """Let the child live on after this process; from now on its guardian only waits for its end."""
        _say(self._keeper.stdin, guardian.RELEASE)
        self._keeper.returncode = self._keeper.poll() or 0  # its end is not ours to wait for, nor to be warned of


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise StartError("The guardian was started without pipes.")
    return stream


def _say(stream: IO[bytes] | None, word: bytes) -> None:
    pipe = _pipe(stream)
    # A guardian that is gone, or a pipe that was closed before, means that the word has nobody to reach any more.
    with contextlib.suppress(BrokenPipeError):
        if not pipe.closed:
            pipe.write(word)
            pipe.close()

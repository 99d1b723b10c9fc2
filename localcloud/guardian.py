"""The process between a starter and its child, which sees to it that the child never outlives the starter.

Started by :mod:`localcloud.lifeline` as a script with the standard library alone. Its standard input is a pipe whose
other end only the starter holds: the kernel closes it however the starter ends, `kill -9` included.
The first line of its output is the child's process id, or a sentence that says why there is none.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

STOP = b"stop"
"""What a starter writes into the pipe to have the child stopped."""

RELEASE = b"release"
"""What it writes to let the child live on after it. A pipe that closes without a word means that the starter died."""


def main() -> int:
    """Run the command of the second argument as the first one (JSON) says, and return its exit code."""
    options: dict[str, Any] = json.loads(sys.argv[1])
    try:
        child = _start(options, sys.argv[2:])
    except OSError as error:
        _answer(f"! {sys.argv[2]} cannot be run: {error.strerror}: {error.filename}")
        return 1
    stopping = threading.Lock()
    orphaned = threading.Event()

    def stop(*_: object) -> None:
        # One thread at a time is enough, and a signal handler must not wait for itself.
        if stopping.acquire(blocking=False):
            threading.Thread(target=_stop, args=(child, options), daemon=True).start()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    threading.Thread(target=_watch_lifeline, args=(stop, orphaned), daemon=True).start()
    _answer(str(child.pid))
    code = child.wait()
    _kill_group(child.pid)  # what the child itself left behind
    if orphaned.is_set() and options.get("scratch"):
        shutil.rmtree(options["scratch"], ignore_errors=True)
    return code if code >= 0 else 128 - code


def _start(options: dict[str, Any], command: list[str]) -> subprocess.Popen[bytes]:
    account = {"user": options["uid"], "group": options["gid"], "extra_groups": []} if "uid" in options else {}
    # The guardian's own complaints go there too. It must not keep the starter's standard error: where that is a pipe,
    # its reader would wait for as long as the child lives.
    log = 2
    os.dup2(os.open(options["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), log)
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        cwd=options["cwd"],
        start_new_session=True,  # a group of its own, to be ended as a whole
        **account,
    )


def _answer(line: str) -> None:
    with contextlib.suppress(BrokenPipeError):  # a starter that is gone already is what the lifeline will tell
        os.write(1, line.encode() + b"\n")


def _watch_lifeline(stop: Callable[[], None], orphaned: threading.Event) -> None:
    received = b""
    while data := os.read(0, 64):
        received += data
    if not received:
        orphaned.set()
    if received != RELEASE:
        stop()


def _stop(child: subprocess.Popen[bytes], options: dict[str, Any]) -> None:
    child.send_signal(options["stop_signal"])
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(timeout=options["grace"])
        return
    _kill_group(child.pid)


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())

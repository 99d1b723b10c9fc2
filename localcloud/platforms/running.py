"""A command in the foreground, as an init process runs it."""

from __future__ import annotations

import signal
import subprocess
from typing import TYPE_CHECKING

from localcloud.errors import LocalCloudError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PASSED_ON = (signal.SIGTERM, signal.SIGHUP)


def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command until it ends, and return its exit code: 128 more than the number of a signal that ended it.

    What asks this process to end asks the command. Ctrl-C reaches both from the terminal, and is the command's to heed.

    :raises LocalCloudError: the command cannot be run.
    """
    process: subprocess.Popen[bytes] | None = None
    asked: list[int] = []

    def pass_on(number: int, _frame: object) -> None:
        asked.append(number)
        if process is not None:
            process.send_signal(number)

    # What is ignored, as under nohup, stays so for the command.
    heeded = [number for number in _PASSED_ON if signal.getsignal(number) is not signal.SIG_IGN]
    previous = {number: signal.signal(number, pass_on) for number in heeded}
    previous[signal.SIGINT] = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        process = subprocess.Popen(command, env=dict(environment))
        for number in asked:  # before there was anybody to ask; a second time does no harm
            process.send_signal(number)
        code = process.wait()
    except OSError as error:
        raise LocalCloudError(f"{command[0]} cannot be run: {error.strerror}.") from None
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    return code if code >= 0 else 128 - code

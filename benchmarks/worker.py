"""The process in which a rotation function runs, as Lambda's runtime runs it: started by the benchmark, never imported.

It is handed orders on its standard input, one JSON text a line, and answers likewise. It imports nothing that the
function would not find imported on Lambda, so that its interpreter can be one that has boto3 alone.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import types
from typing import Any

_STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
_MEGABYTE = 1_000_000


class _Context:
    """Lambda's context object, with a minute for every step."""

    def __init__(self) -> None:
        self._end = time.monotonic() + 60

    def get_remaining_time_in_millis(self) -> int:
        return int((self._end - time.monotonic()) * 1000)


def _load(order: dict[str, Any]) -> Any:
    """Import the handler that an order names."""
    sys.path.insert(0, order["task"])
    sys.path.extend(order["packages"])
    if "source" not in order:
        return getattr(importlib.import_module(order["module"]), order["handler"])
    with open(order["source"], encoding="utf-8") as file:  # noqa: PTH123 - pathlib is not loaded on Lambda either
        text = file.read()
    for old, new in order["replacing"].items():
        text = text.replace(old, new)
    module = types.ModuleType(order["module"])
    exec(compile(text, order["source"], "exec"), module.__dict__)  # noqa: S102 - what the user asked to run
    return getattr(module, order["handler"])


def _rotate(handler: Any, secret: str, token: str) -> None:
    for step in _STEPS:
        handler({"SecretId": secret, "ClientRequestToken": token, "Step": step, "RotationToken": token}, _Context())


def _peak() -> float:
    """Return the most memory that this process had, in megabytes."""
    try:
        # Not getrusage(): its figure is at least that of the process that started this one.
        with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - see above
            kilobytes = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
        return kilobytes * 1024 / _MEGABYTE
    except FileNotFoundError:
        import resource  # noqa: PLC0415 - macOS only, where it counts bytes

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MEGABYTE


def _main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the function prints is its log
    handler: Any = None
    for line in sys.stdin:
        order = json.loads(line)
        started = time.perf_counter()
        handler = handler or _load(order)
        loaded = time.perf_counter()
        _rotate(handler, order["secret"], order["token"])
        ended = time.perf_counter()
        answer = {"load_seconds": loaded - started, "seconds": ended - started, "peak_megabytes": _peak()}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    _main()

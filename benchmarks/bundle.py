"""What the functions' bundle costs before it does anything: its size, its imports, its memory."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from benchmarks.errors import BenchmarkError
from benchmarks.results import Measure, median, ratio, rounded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.process import Function, Runtime

_CLOCK = "import time; _started = time.perf_counter()\n{}\nprint(time.perf_counter() - _started)"

_BARE = 'import boto3; boto3.client("secretsmanager")'

# Everything that the first step needs before it can do anything: handler, client, and the driver of one engine.
_FUNCTION = """
import sys; sys.path.insert(0, {bundle!r})
import rotating_rds_function.handlers.rotate
from rotating_rds_function.adapters import secrets_manager; secrets_manager.client()
import rotating_rds_function.adapters.{engine}
"""


def size(bundle: Path) -> Measure:
    """Return the size of the unpacked bundle, as Lambda counts it."""
    return Measure(rounded(sum(path.stat().st_size for path in bundle.rglob("*") if path.is_file()) / 1e6), "MB")


def imports(function: Function, runtime: Runtime, engines: Sequence[str], rounds: int) -> Measure:
    """Return how long a function imports, as a multiple of a bare client of Secrets Manager.

    :param engines: those of which the slowest counts.
    """
    texts = [_FUNCTION.format(bundle=function.order["task"], engine=engine) for engine in engines]
    for text in (_BARE, *texts):
        _seconds(text, runtime, compiling=True)
    runtime.forget_compiled(function)
    bare: list[float] = []
    seconds: list[list[float]] = [[] for _ in texts]
    for _ in range(rounds):
        bare.append(_seconds(_BARE, runtime))
        for text, each in zip(texts, seconds, strict=True):
            each.append(_seconds(text, runtime))
    against = 'boto3.client("secretsmanager")'
    return max((ratio(each, bare, against=against) for each in seconds), key=lambda measure: measure.value)


def peak(peaks: Sequence[Sequence[float]]) -> Measure:
    """Return the most memory of a process after its first rotation.

    :param peaks: of several engines and strategies, of which the greediest counts.
    """
    return max((median(each, "MB") for each in peaks), key=lambda measure: measure.value)


def _seconds(text: str, runtime: Runtime, *, compiling: bool = False) -> float:
    finished = subprocess.run(
        [*runtime.command(compiling=compiling), "-c", _CLOCK.format(text)],
        env=runtime.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise BenchmarkError(f"The bundle cannot be imported: {finished.stderr.strip().splitlines()[-1]}")
    return float(finished.stdout)

"""What a synthesis costs beside an app of the CDK's own means: the environment `dev`, and each further database."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.errors import BenchmarkError
from benchmarks.results import Measure, median, ratio

_ROOT: Final = Path(__file__).resolve().parent.parent
_TOOLS: Final = (_ROOT / ".venv" / "bin", _ROOT / "node_modules" / ".bin")
# Enough databases for their own time to stand out from that of the interpreter and the CDK's start.
_MANY: Final = 9
_BUILTIN: Final = "DatabaseInstance with add_rotation_*"


@dataclass(frozen=True)
class _Synthesis:
    seconds: float
    resources: int

    def per_resource_beyond(self, smaller: _Synthesis) -> float:
        return (self.seconds - smaller.seconds) / (self.resources - smaller.resources)


def synthesis(rounds: int) -> dict[str, Measure]:
    """Return the measures; both sides take turns."""
    seconds: dict[str, list[float]] = {"ours": [], "builtin": []}
    further: dict[str, list[float]] = {"ours": [], "builtin": []}
    for _ in range(rounds):
        for which, series in seconds.items():
            one, many = _synthesise(which, 1), _synthesise(which, _MANY)
            series.append(one.seconds)
            further[which].append(many.per_resource_beyond(one))
    return {
        "synth.dev.seconds": median(seconds["ours"], "s"),
        "synth.dev.ratio_to_builtin": ratio(seconds["ours"], seconds["builtin"], against=_BUILTIN),
        "synth.per_database.ratio_to_builtin": ratio(further["ours"], further["builtin"], against=_BUILTIN),
    }


def _synthesise(which: str, databases: int) -> _Synthesis:
    path = os.pathsep.join([*map(str, _TOOLS), os.environ.get("PATH", os.defpath)])
    started = time.perf_counter()
    finished = subprocess.run(
        [sys.executable, "-m", "benchmarks.synthesised", which, str(databases)],
        cwd=_ROOT,
        env={**os.environ, "PATH": path, "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise BenchmarkError(f"The synthesis of {which!r} failed: {finished.stderr[-2000:]}")
    return _Synthesis(time.perf_counter() - started, int(finished.stdout))

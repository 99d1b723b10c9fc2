"""What a synthesis costs beside an app of the CDK's own means: the environment `dev`, and each further database."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.errors import BenchmarkError
from benchmarks.results import Measure, median, ratio

_ROOT: Final = Path(__file__).resolve().parent.parent
_TOOLS: Final = (_ROOT / ".venv" / "bin", _ROOT / "node_modules" / ".bin")
# As many as fit into one stack of the built-in kind: their own time has to stand out from that of starting the CDK.
_MANY: Final = 19
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
    started = _processor_seconds()
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
    return _Synthesis(_processor_seconds() - started, int(finished.stdout))


def _processor_seconds() -> float:
    """Return the processor time of all children so far, the CDK's node among them: other work does not add to it."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime

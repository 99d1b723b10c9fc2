"""Measure, print a table, write results.json: `make bench`."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from rich.console import Console

from benchmarks import results
from benchmarks.errors import BenchmarkError
from benchmarks.process import Runtime
from benchmarks.run import Run
from benchmarks.secrets_manager import SecretsManager, serving
from benchmarks.settings import Settings
from benchmarks.table import table
from localcloud.databases import Authority

_ROOT: Final = Path(__file__).resolve().parent.parent
_BUNDLE: Final = _ROOT / "constructs" / "rotating_rds" / "_bundle"
_RUNTIME: Final = _ROOT / ".venvs" / "runtime" / "bin" / "python"
_CONTENDERS: Final = _ROOT / ".venvs" / "bench" / "bin" / "python"
_WIDE: Final = 200
_RESULTS: Final = _ROOT / "benchmarks" / "results.json"


def main() -> int:
    """Run the benchmarks and return the exit code: 0 if everything that was asked for was measured."""
    console = Console() if sys.stdout.isatty() else Console(width=_WIDE)  # a log is no terminal that wraps lines
    try:
        settings = Settings.read(os.environ)
    except BenchmarkError as error:
        console.print(f"[red]{error}")
        return 2
    with tempfile.TemporaryDirectory(prefix="rotating-rds-benchmarks-") as folder:
        run = _measured(settings, Path(folder), console)
    results.write(run.measures, _RESULTS)
    console.print(table(run.measures))
    for failure in run.failures:
        console.print(f"[red]not measured: {failure}", markup=True, highlight=False)
    console.print(f"Medians of {settings.rounds} rounds; written to {_RESULTS.relative_to(_ROOT)}.")
    return 1 if run.failures else 0


def _measured(settings: Settings, folder: Path, console: Console) -> Run:
    bundle = folder / "task"
    shutil.copytree(_BUNDLE, bundle)
    manager = SecretsManager()
    with serving(manager) as endpoint:
        runtime = Runtime(_RUNTIME, folder / "runtime", endpoint)
        runtime.folder.mkdir()
        run = Run(settings, runtime, manager, bundle, tell=console.print)
        run.rotations(folder / "servers", Authority.load_or_create(folder / "authority"))
        run.bundle_itself()
        run.client(_CONTENDERS)
        run.synthesis()
    return run


if __name__ == "__main__":
    sys.exit(main())

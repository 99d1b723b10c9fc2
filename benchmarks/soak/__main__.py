"""Soak every strategy on every engine, print what came of it, and fail if a promise was not kept: `make soak`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from benchmarks.soak import record
from benchmarks.soak.credentials import CREDENTIALS
from benchmarks.soak.figures import broken_promises
from benchmarks.soak.report import table
from benchmarks.soak.run import Pace, soak
from localcloud.cloud import LocalCloud
from tests.support.shop import Shop

_WIDE = 160
_RECORD = Path(__file__).resolve().parents[2] / "build" / "soak.json"


def main() -> int:
    """Return the exit code: 0 if every promise was kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak")
    parser.add_argument("--seconds", type=float, default=180.0, help="how long each engine's credentials rotate")
    given = parser.parse_args()
    console = Console() if sys.stdout.isatty() else Console(width=_WIDE)
    with (
        tempfile.TemporaryDirectory(prefix="rotating-rds-soak-") as name,
        LocalCloud.start(Path(name, "cloud")) as cloud,
    ):
        console.print("Deploying a database of each engine to a local cloud ...")
        shop = Shop.prepare(cloud, Path(name))
        shop.deploy()
        figures = []
        for engine in dict.fromkeys(credential.engine for credential in CREDENTIALS):
            console.print(f"{engine}: applications at work for {given.seconds:.0f} s ...")
            credentials = [each for each in CREDENTIALS if each.engine == engine]
            figures += soak(cloud, shop.outputs, credentials, Pace(seconds=given.seconds), Path(name))
    record.write(figures, _RECORD)
    console.print(table(figures))
    broken = broken_promises(figures)
    for sentence in broken:
        console.print(f"[red]{sentence}", highlight=False)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

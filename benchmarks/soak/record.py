"""A soak as a file: what happened when, for pictures and questions that come up later."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from benchmarks.soak.figures import Figures


def write(figures: Iterable[Figures], file: Path) -> None:
    """Write the rotations and connections of every credential; times are seconds since the epoch."""
    document = {
        each.credential.name: {
            "rotations": [dataclasses.asdict(rotation) for rotation in each.rotations],
            "connections": [dataclasses.asdict(connection) for connection in each.journal.connections],
        }
        for each in figures
    }
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(document), encoding="utf-8")

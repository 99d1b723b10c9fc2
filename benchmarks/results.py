"""What was measured: one flat object, so that two runs can be compared by any tool."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Measure:
    """One figure.

    :param value: the median of what was observed.
    :param unit: what it counts; "x" for a ratio.
    :param better: which way is better.
    :param against: what it was compared with in the same run; None for a figure that stands alone.
    """

    value: float
    unit: str
    better: Literal["lower", "higher"] = "lower"
    against: str | None = None


def median(values: Sequence[float], unit: str) -> Measure:
    """Return the median of what was observed."""
    return Measure(rounded(statistics.median(values)), unit)


def ratio(ours: Sequence[float], theirs: Sequence[float], *, against: str) -> Measure:
    """Return the median of the ratios of the pairs.

    Of the pairs, because the two of a pair were measured one right after the other: whatever else the machine did then
    slowed both.

    :param ours: in the order of the rounds.
    :param theirs: likewise, and as many.
    """
    quotients = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    return Measure(rounded(statistics.median(quotients)), "x", against=against)


def rounded(value: float) -> float:
    """Return four significant figures: more would be noise."""
    return value if isinstance(value, int) else float(f"{value:.4g}")


def write(measures: Mapping[str, Measure], path: Path) -> None:
    """Write the results as JSON: name to figure."""
    path.write_text(json.dumps({name: asdict(measure) for name, measure in measures.items()}, indent=2) + "\n")

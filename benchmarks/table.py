"""The results as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Column, Table

from benchmarks.targets import target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.results import Measure


def table(measures: Mapping[str, Measure]) -> Table:
    """Return one row a figure, with what is promised and whether that is kept."""
    drawn = Table(Column("figure", no_wrap=True), "value", "unit", "promised", "", "against")
    for column in (1, 3):
        drawn.columns[column].justify = "right"
    for name, measure in measures.items():
        promise = target(name)
        promised = "" if promise is None else str(promise)
        kept = "" if promise is None else "[green]kept" if promise.is_kept_by(measure.value) else "[red]missed"
        drawn.add_row(name, f"{measure.value:g}", measure.unit, promised, kept, measure.against or "")
    return drawn

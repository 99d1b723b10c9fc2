"""The figures as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.soak.figures import Figures


def table(figures: Iterable[Figures]) -> Table:
    """Return one row a credential."""
    drawn = Table("engine", "strategy")
    columns = (
        "clients",
        "rotations",
        "operations",
        "failed",
        "connections",
        "in gaps",
        "retries",
        "slowest, s",
        "calls per 1,000",
    )
    for name in columns:
        drawn.add_column(name, justify="right")
    for each in figures:
        clients = {client for client, _ in each.journal.operations}
        counts = (
            len(clients),
            len(each.rotations),
            each.operations,
            len(each.failures),
            len(each.opened),
            len(each.opened_in_gaps),
            each.retries,
        )
        rates = (f"{each.slowest_seconds:.1f}", f"{each.calls_per_thousand:.0f}")
        drawn.add_row(each.credential.engine, each.credential.strategy, *(f"{count:,}" for count in counts), *rates)
    return drawn

"""What commands show to people."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from rotating_rds_ops.alarms import Alarms
from rotating_rds_ops.tables import status_table
from tests.support.operated import MASTER

LONG = replace(MASTER, database="rotating-rds-production-orders", username="web_application")


def test_a_name_is_never_cut_off() -> None:
    """Other commands take it; narrow terminals fold it."""
    shown = io.StringIO()
    Console(width=80, file=shown).print(status_table([LONG], Alarms({}), {}))
    first_cells = [line.split("│")[1].strip() for line in shown.getvalue().splitlines() if line.startswith("│")]
    assert "".join(first_cells) == LONG.name


def test_each_table_has_its_own_rows() -> None:
    """A command that looks twice shows the second look."""
    assert [status_table([MASTER], Alarms({}), {}).row_count for _ in range(2)] == [1, 1]
    assert list(status_table([LONG], Alarms({}), {}).columns[0].cells) == [LONG.name]

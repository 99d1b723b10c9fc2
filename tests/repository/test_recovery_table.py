from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def rows() -> list[str]:
    """Return the rows of the recovery table."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    section = text.partition("### Recovery\n")[2].partition("\n### ")[0]
    return [line for line in section.splitlines() if line.startswith("|")][2:]


def recovery_tests() -> list[str]:
    """Return the tests of recovery."""
    module = ast.parse((ROOT / "tests" / "function" / "domain" / "test_recovery.py").read_text())
    return [node.name for node in module.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]


def test_every_row_is_a_test_and_every_test_a_row() -> None:
    """What the table promises is tried, and what is tried stands in the table."""
    named = [re.findall(r"`(test_\w+)`", row) for row in rows()]
    assert all(named)
    assert sorted(name for names in named for name in names) == sorted(recovery_tests())


def test_every_row_says_what_each_strategy_does() -> None:
    """No cell is empty."""
    for row in rows():
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert len(cells) == 5
        assert all(cells)

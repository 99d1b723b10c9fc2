"""What the client claims of Pythons and drivers: its distribution's bounds are the README's table of what was run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from tools import client_matrix
from tools.client_matrix import Combination, bounds, claimed_pythons, project, table

README = (Path(__file__).resolve().parents[2] / "client" / "README.md").read_text("utf-8")


def rows() -> dict[str, list[str]]:
    """Return the cells of the README's table by the name of their row."""
    section = README.partition("\n## What was run\n")[2]
    lines = (line for line in section.splitlines() if line.startswith("|"))
    return {name: values for name, *values in ([cell.strip(" `") for cell in line.split("|")[1:-1]] for line in lines)}


def ran(distribution: str) -> list[tuple[Version, Version]]:
    """Return the lowest and the highest version of a distribution for each Python."""
    return [(Version(cell.split(", ")[0]), Version(cell.split(", ")[-1])) for cell in rows()[distribution]]


def test_every_python_that_is_claimed_was_run() -> None:
    """The classifiers are the columns, and the first one is what the distribution requires."""
    assert rows()[""] == [f"Python {python}" for python in claimed_pythons()]
    assert project()["requires-python"] == f">={claimed_pythons()[0]}"


def test_every_driver_that_is_admitted_was_run() -> None:
    """Each extra has its row, and boto3, the only dependency."""
    wanted = len(project()["optional-dependencies"]) + len(project()["dependencies"])
    assert len(bounds()) == wanted
    assert set(rows()) - {"", "---", "tests passed"} == set(bounds())


@pytest.mark.parametrize(("distribution", "bound"), bounds().items())
def test_the_lowest_version_that_is_admitted_was_run(distribution: str, bound: str) -> None:
    """On one Python at least; a newer Python may have wheels of newer versions only."""
    assert min(lowest for lowest, _ in ran(distribution)) == Version(bound)
    assert all(lowest <= highest for lowest, highest in ran(distribution))


def test_each_combination_passed_the_same_tests() -> None:
    """A driver that cannot do what another one can would show here."""
    (count,) = set(rows()["tests passed"])
    assert count.isdigit()


def test_the_table_has_both_versions_of_each_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """One figure where they are the same."""
    found: dict[str, Any] = {"lowest": {"acme": "1.0"}, "highest": {"acme": "2.0"}}
    monkeypatch.setattr(client_matrix, "bounds", lambda: {"acme": "1.0"})
    monkeypatch.setattr(Combination, "versions", property(lambda self: found[self.resolution]))
    passed = {Combination(python, resolution): "7" for python in ("3.11", "3.14") for resolution in found}
    assert table(passed).splitlines() == [
        "| | Python 3.11 | Python 3.14 |",
        "|---|---|---|",
        "| `acme` | 1.0, 2.0 | 1.0, 2.0 |",
        "| tests passed | 7 | 7 |",
    ]

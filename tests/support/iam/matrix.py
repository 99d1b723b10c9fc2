"""Reads `tests/iam/matrix.md`: who may do what with which secret or function."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).resolve().parents[2] / "iam" / "matrix.md"

# Who has the right to change secrets by policies that are no matter of ours would use it.
NOT_ASKED = {"administrator": ("write", "manage"), "secrets-administrator": ("write", "manage")}


@dataclass(frozen=True)
class Case:
    """One action of one principal on one secret or function.

    :param principal: by the name that the table has for it.
    :param action: such as `GetSecretValue AWSCURRENT`.
    :param target: the secret or function, by name.
    :param allowed: what the table says.
    """

    principal: str
    action: str
    target: str
    allowed: bool


@cache
def cases() -> list[Case]:
    """Return every case."""
    tables, words = _tables(), _words()
    of_secrets = tuple(word for word in words if word != "invoke")
    return [
        Case(principal, action, target, allowed=word in allowed)
        for title, asked in (("Secrets", of_secrets), ("Functions", ("invoke",)))
        for principal, row in tables[title].items()
        for target, allowed in row.items()
        for word in asked
        if word not in NOT_ASKED.get(principal, ())
        for action in words[word]
    ]


def principals() -> list[str]:
    """Return the names of the principals."""
    return list(_tables()["Secrets"])


def places() -> dict[str, str]:
    """Return the place of each role, secret and function in the templates, by name; outsiders have none."""
    return {name: row["role, secret or function"][0].strip("`") for name, row in _tables()["names"].items()}


def _words() -> dict[str, list[str]]:
    return {word: row["actions"] for word, row in _tables()["words"].items()}


@cache
def _tables() -> dict[str, dict[str, dict[str, list[str]]]]:
    """Return rows by the last word of the title that tells a table, then columns, then the items of a cell."""
    tables: dict[str, dict[str, dict[str, list[str]]]] = {}
    heading: list[str] = []
    rows: dict[str, dict[str, list[str]]] = {}
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            heading, rows = [], {}
            title = next(word for word in ("Secrets", "Functions", "words", "names") if word in line)
            tables[title] = rows
        elif line.startswith("|") and not line.startswith("| ---"):
            first, *cells = (cell.strip() for cell in line.strip("|").split("|"))
            if heading:
                rows[first] = {key: _items(cell) for key, cell in zip(heading, cells, strict=True)}
            else:
                heading = cells
    return tables


def _items(cell: str) -> list[str]:
    return [item.strip() for item in cell.split(", ") if item.strip()]

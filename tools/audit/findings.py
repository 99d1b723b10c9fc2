"""What scanners find, and which of it is accepted for what reason."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, order=True)
class Finding:
    """One rule that one resource does not satisfy.

    :param tool: the scanner.
    :param rule: its name for the rule.
    :param stack: name of the stack, which begins with `rotating-rds-<environment>-`.
    :param resource: the resource's logical id.
    """

    tool: str
    rule: str
    stack: str
    resource: str

    def __str__(self) -> str:
        """Name it on a line."""
        return f"{self.tool} {self.rule}: {self.stack}/{self.resource}"


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """What is accepted.

    :param rules: the same thing, as each scanner calls it.
    :param where: patterns of `stack/resource`.
    :param reason: for an auditor.
    """

    rules: tuple[str, ...]
    where: tuple[str, ...]
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Tell whether a finding is meant."""
        place = f"{finding.stack}/{finding.resource}"
        return finding.rule in self.rules and any(fnmatch(place, pattern) for pattern in self.where)


def read_accepted(path: Path) -> list[Accepted]:
    """Return the list, as the file has it."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))["accepted"]
    return [
        Accepted(rules=tuple(table["rules"]), where=tuple(table["where"]), reason=table["reason"]) for table in tables
    ]

"""A file that records packages: those which this checkout was tested with, or those which a server consists of."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localcloud.databases.debian.packages import Package

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Lock:
    """A file that records packages by server and architecture.

    :param file: need not exist.
    """

    file: Path

    def recorded(self, server: str, architecture: str) -> list[Package]:
        """Return the packages of a server; none when that architecture was never recorded."""
        return [Package(**entry) for entry in self._content().get(server, {}).get(architecture, [])]

    def record(self, server: str, architecture: str, packages: Sequence[Package]) -> None:
        """Put packages in the place of what is recorded for a server and an architecture."""
        content = self._content()
        content.setdefault(server, {})[architecture] = [package.__dict__ for package in sorted(packages)]
        self.file.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")

    def _content(self) -> dict[str, dict[str, list[dict[str, str]]]]:
        content: dict[str, dict[str, list[dict[str, str]]]] = (
            json.loads(self.file.read_text()) if self.file.exists() else {}
        )
        return content

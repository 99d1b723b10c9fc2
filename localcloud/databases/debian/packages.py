"""Packages by version and checksum."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localcloud.databases.errors import DatabaseServerError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, order=True)
class Package:
    """A package file of Debian's archive.

    :param sha256: of the file, in hexadecimal digits.
    """

    name: str
    version: str
    sha256: str

    def check(self, file: Path) -> None:
        """Hold a downloaded file against the checksum.

        :raises DatabaseServerError: they differ.
        """
        with file.open("rb") as content:
            found = hashlib.file_digest(content, "sha256").hexdigest()
        if found != self.sha256:
            raise DatabaseServerError(
                f"{file.name} has the SHA-256 {found} instead of {self.sha256}: "
                "the download is not what Debian published; try again, from another mirror if need be."
            )


def differences(recorded: Sequence[Package], offered: Sequence[Package]) -> list[str]:
    """Say for each package in which versions two lists have it, where these differ.

    :raises DatabaseServerError: the same version of a package has two checksums, which Debian's archive never does.
    """
    before, now = ({package.name: package for package in packages} for packages in (recorded, offered))
    lines = []
    for name in sorted(before.keys() | now.keys()):
        old, new = before.get(name), now.get(name)
        if old and new and old.version == new.version and old.sha256 != new.sha256:
            raise DatabaseServerError(
                f"{name} {new.version} is offered with the SHA-256 {new.sha256}, recorded with {old.sha256}: "
                "this mirror is not Debian's; use another one."
            )
        if old != new:
            lines.append(f"{name} {new.version if new else 'none'} instead of {old.version if old else 'none'}")
    return lines

"""Decides for a server whether it has to be unpacked, and says what came of it."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud.databases.debian.apt import Apt, architecture, debian_source
from localcloud.databases.debian.installation import Installation
from localcloud.databases.debian.lock import Lock
from localcloud.databases.debian.packages import differences
from localcloud.databases.errors import DatabaseServerError
from localcloud.databases.programs import UNPACKED, find_program

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.databases.debian.packages import Package
    from localcloud.databases.debian.wanted import Wanted

COMMITTED = Lock(Path(__file__).with_name("packages.json"))


@dataclass(frozen=True)
class Provision:
    """How one server comes into this checkout.

    :param wanted: the server.
    :param servers: holds a folder for each server; the checkout's by default.
    :param lock: the versions that are expected; the committed ones by default.
    :param source: says where a suite's packages are; on this machine's own mirror of Debian by default.
    """

    wanted: Wanted
    servers: Path = UNPACKED
    lock: Lock = COMMITTED
    source: Callable[[str], str] = debian_source

    def ensure(self) -> str:
        """See to it that the server is there, and return a sentence about it.

        :raises DatabaseServerError: it cannot be had; the message names it and every remedy.
        """
        server = self.wanted.server
        if os.environ.get(server.variable):
            program = find_program(server.program_name, product=server.product, variable=server.variable)
            return f"{server.product}: {program.path}, as {server.variable} says."
        try:
            return self._ensure_unpacked()
        except DatabaseServerError as error:
            return self._installed_otherwise(error)

    def refresh(self) -> str:
        """Unpack what Debian has now, record it as expected, and return a sentence about it.

        :raises DatabaseServerError: it cannot be had.
        """
        changes, unpacked = self._unpack_what_is_offered([])
        self.lock.record(self._name, architecture(), unpacked)
        return f"{self.wanted.server.product}: recorded {len(changes)} packages, with them {self._version(unpacked)}."

    @property
    def _name(self) -> str:
        return self.wanted.server.product.lower()

    @property
    def _installation(self) -> Installation:
        return Installation(self.servers / self._name, self.wanted.server.program_name)

    def _ensure_unpacked(self) -> str:
        product = self.wanted.server.product
        expected = self.lock.recorded(self._name, architecture())
        if expected and self._installation.packages(architecture()) == expected:
            return f"{product}: {self._version(expected)} is unpacked already."
        changes, unpacked = self._unpack_what_is_offered(expected)
        if not changes:
            return f"{product}: {self._version(unpacked)} is unpacked, as recorded."
        reason = f"Debian's {self.wanted.suite} has moved on" if expected else f"{architecture()} was never recorded"
        return (
            f"{product}: {self._version(unpacked)} is unpacked, but not as recorded, for {reason}: "
            f"{'; '.join(changes)}. Run the tests with it, then record it by `make lock-servers`."
        )

    def _unpack_what_is_offered(self, expected: list[Package]) -> tuple[list[str], list[Package]]:
        self.servers.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.servers, prefix=".apt-") as folder:
            apt = Apt(Path(folder), source=self.source(self.wanted.suite), assumed=self.wanted.assumed)
            offered = apt.resolve(self.wanted.package)
            changes = differences(expected, offered)
            if self._installation.packages(apt.architecture) != offered:
                self._installation.unpack(apt, offered)
        return changes, offered

    def _installed_otherwise(self, error: DatabaseServerError) -> str:
        server = self.wanted.server
        try:
            program = find_program(server.program_name, product=server.product, variable=server.variable)
        except DatabaseServerError as missing:
            raise DatabaseServerError(f"{server.product} cannot be unpacked: {error} {missing}") from error
        return f"{server.product}: {program.path}, because it cannot be unpacked: {error}"

    def _version(self, packages: list[Package]) -> str:
        return next(f"{one.name} {one.version}" for one in packages if one.name == self.wanted.package)

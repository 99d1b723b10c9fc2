"""Which engine versions the servers of this machine are.

RDS runs the version that a template names. Here one version of an engine is installed: another one is refused, so that
nobody believes to have tried it.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from localcloud.databases.binaries import VARIABLE, find_postgres

if TYPE_CHECKING:
    from collections.abc import Callable


class EngineVersionError(Exception):
    """The version of an engine cannot be had here; the message says which one can."""


def check(engine: str, version: str | None) -> None:
    """Refuse a version whose major number is not the installed server's.

    :param version: as the template names it, such as `18` or `18.1`; any will do when None.
    :raises EngineVersionError: another one is installed.
    """
    installed = _INSTALLED.get(engine)
    if installed is None or version is None:
        return
    found, remedy = installed()
    if version.split(".")[0] != found.split(".")[0]:
        raise EngineVersionError(f"Cannot find version {version} for {engine}: the local cloud runs {found}; {remedy}.")


def _postgres() -> tuple[str, str]:
    command = [find_postgres().postgres, "--version"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return answer.split()[2], f"name that one, or another installation by {VARIABLE}"


_INSTALLED: dict[str, Callable[[], tuple[str, str]]] = {"postgres": _postgres}

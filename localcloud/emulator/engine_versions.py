"""Which engine versions the servers of this machine are.

RDS runs the version that a template names. Here one version of an engine is installed: another one is refused, so that
nobody believes to have tried it.
"""

from __future__ import annotations

from localcloud.databases import ENGINES


class EngineVersionError(Exception):
    """The version of an engine cannot be had here; the message says which one can."""


def check(engine: str, version: str | None) -> None:
    """Refuse a version of another release series than the installed server's.

    :param version: as the template names it, such as `18`, `18.1` or `8.4.3`; any will do when None.
    :raises EngineVersionError: another one is installed.
    :raises DatabaseServerError: none is.
    """
    kind = ENGINES.get(engine)
    if kind is None or version is None:
        return
    found, length = kind.installed_version(), kind.series_numbers
    if version.split(".")[:length] != found.split(".")[:length]:
        raise EngineVersionError(
            f"Cannot find version {version} for {engine}: the local cloud runs {found}; "
            f"name that one, or another installation by {kind.variable}."
        )

"""The options of MySQL and MariaDB servers, chosen the way RDS runs them where that is visible from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.databases.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from localcloud.databases.programs import ServerProgram

Options = dict[str, str | None]
"""Options by name; None for those that take no value. Of two that mean the same the later one counts."""

TEMPORARY = "tmp"

AUTHORITY, CERTIFICATE, KEY, GENERAL_LOG = "authority.crt", "server.crt", "server.key", "general.log"

# The data need not survive the machine, but what was committed survives the death of the server, as on RDS: every
# commit is handed to the operating system. The rest keeps servers small and quick to start.
_STORAGE: Options = {
    "innodb-flush-method": "nosync",
    "innodb-flush-log-at-trx-commit": "2",
    "innodb-doublewrite": "OFF",
    "innodb-buffer-pool-size": "16M",
    "innodb-log-buffer-size": "2M",
    "innodb-use-native-aio": "OFF",  # a machine's kernel has a limited number of requests for all of its servers
    "innodb-read-io-threads": "1",
    "innodb-write-io-threads": "1",
    "innodb-purge-threads": "1",
    "innodb-buffer-pool-dump-at-shutdown": "OFF",
    "innodb-buffer-pool-load-at-startup": "OFF",
    "performance-schema": "OFF",
    "table-open-cache": "200",
    "skip-log-bin": None,
}

_SERVICE: Options = {
    "bind-address": LOOPBACK,
    "socket": "",  # no socket, hence no limit on the length of the folder's path
    "require-secure-transport": "ON",
    "general-log": "ON",
    "log-output": "FILE",
}


def storage_options(program: ServerProgram, folder: Path, data: Path) -> Options:
    """Return what a data directory is made with, and used with later.

    :param folder: has one for temporary tables: a server that starts deletes those which it finds there, whosever.
    """
    options = _STORAGE | {"datadir": str(data), "tmpdir": str(folder / TEMPORARY)}
    if program.root is None:
        return options
    return options | {
        "lc-messages-dir": str(program.share),
        "character-sets-dir": str(program.share / "charsets"),
        "plugin-dir": str(program.root / "usr" / "lib" / "mysql" / "plugin"),
    }


def service_options(folder: Path) -> Options:
    """Return what a server that clients connect to needs besides.

    :param folder: has the authority's certificate, the server's and its key, and gets the general log.
    """
    return _SERVICE | {
        "ssl-ca": str(folder / AUTHORITY),
        "ssl-cert": str(folder / CERTIFICATE),
        "ssl-key": str(folder / KEY),
        "pid-file": str(folder / "server.pid"),
        "general-log-file": str(folder / GENERAL_LOG),
    }


def arguments(options: Mapping[str, str | None]) -> list[str]:
    """Return options as arguments, which need no quoting whatever their values; no option file is read."""
    given = (f"--{name}" if value is None else f"--{name}={value}" for name, value in options.items())
    return ["--no-defaults", *given]

"""Which servers come from Debian, and from which of its suites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from localcloud.databases.mariadb import MariaDbServer
from localcloud.databases.mysql import MySqlServer

if TYPE_CHECKING:
    from localcloud.databases.mysql_family import MySqlFamilyServer


@dataclass(frozen=True)
class Wanted:
    """A server to unpack.

    :param server: what it is for.
    :param package: the package that has its program.
    :param suite: of Debian.
    :param assumed: packages which the program does not load, though its package depends on them for scripts, plugins
        and configuration: neither they nor what only they need is fetched.
    """

    server: type[MySqlFamilyServer]
    package: str
    suite: str
    assumed: tuple[str, ...]


WANTED = (
    # Debian's stable releases have no MySQL; its unstable suite has the newest one, with the libraries of its day.
    Wanted(
        MySqlServer,
        "mysql-server-core",
        "unstable",
        ("perl", "libcurl4t64", "libfido2-1", "libmecab2", "libprotobuf32t64", "libtirpc3t64"),
    ),
    # RDS offers MariaDB 10.11, and so does Debian 12.
    Wanted(MariaDbServer, "mariadb-server-core", "bookworm", ("mariadb-common",)),
)

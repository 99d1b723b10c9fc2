"""Real database servers, set up as RDS sets them up: verified TLS only, and a master user that is no superuser.

Only the standard library, the drivers pg8000 and PyMySQL, and trustme are imported, for the emulator has a virtual
environment of its own.
"""

from localcloud.databases.authority import Authority
from localcloud.databases.errors import DatabaseServerError
from localcloud.databases.mariadb import MariaDbServer
from localcloud.databases.mysql import MySqlServer
from localcloud.databases.postgres import PostgresServer
from localcloud.databases.server import DatabaseServer

ENGINES: dict[str, type[DatabaseServer]] = {kind.engine: kind for kind in (PostgresServer, MySqlServer, MariaDbServer)}
"""The kinds of servers by RDS's names of their engines."""

__all__ = [
    "ENGINES",
    "Authority",
    "DatabaseServer",
    "DatabaseServerError",
    "MariaDbServer",
    "MySqlServer",
    "PostgresServer",
]

"""Real database servers, set up as RDS sets them up: verified TLS only, and a master user that is no superuser.

Only the standard library, pg8000 and trustme are imported, for the emulator has a virtual environment of its own.
"""

from localcloud.databases.authority import Authority
from localcloud.databases.errors import DatabaseServerError
from localcloud.databases.postgres import PostgresServer

__all__ = ["Authority", "DatabaseServerError", "PostgresServer"]

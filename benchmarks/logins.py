"""How many connections a server saw, and how many of them were no login: counted by the server itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from localcloud.databases import DatabaseServer


@dataclass(frozen=True)
class Logins:
    """What a server counted, since whenever.

    :param connections: those that were accepted by the network, whatever became of them.
    :param failed: those of them that the server refused, for a wrong password or for want of TLS.
    """

    connections: int
    failed: int

    def __sub__(self, earlier: Logins) -> Logins:
        """Return what came in between."""
        return Logins(self.connections - earlier.connections, self.failed - earlier.failed)


class LoginCounter(Protocol):
    """Reads what a server counted, without being counted itself."""

    def read(self) -> Logins:
        """Return the figures up to now."""

    def close(self) -> None:
        """End whatever it reads by."""


class PostgresLog:
    """Counts in the log of a PostgreSQL server, which has to log connections.

    A server logs that a connection came before it asks who that is, and who logged in before it tells the client.
    """

    def __init__(self, server: DatabaseServer) -> None:
        self._log = server.log_file

    def read(self) -> Logins:
        """See LoginCounter."""
        text = self._log.read_text(errors="replace")
        received = text.count("LOG:  connection received: ")
        return Logins(received, received - text.count("LOG:  connection authorized: "))

    def close(self) -> None:
        """See LoginCounter."""


class MySqlStatus:
    """Reads the counters of a MySQL or MariaDB server, by one connection that it keeps."""

    _COUNTERS = ("Connections", "Aborted_connects")

    def __init__(self, server: DatabaseServer) -> None:
        self._connection: Any = server.superuser_connection()

    def read(self) -> Logins:
        """See LoginCounter."""
        with self._connection.cursor() as cursor:
            cursor.execute("SHOW GLOBAL STATUS WHERE Variable_name IN %s", (self._COUNTERS,))
            counted = {name: int(value) for name, value in cursor.fetchall()}
        return Logins(*(counted[name] for name in self._COUNTERS))

    def close(self) -> None:
        """See LoginCounter."""
        self._connection.close()

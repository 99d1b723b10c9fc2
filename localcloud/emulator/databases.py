"""The database servers behind the emulator's DB instances."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localcloud.databases import ENGINES, Authority, DatabaseServer

if TYPE_CHECKING:
    from pathlib import Path

# Every statement is logged, so that a test can search the log for what must never appear in it. MySQL and MariaDB
# do so by themselves here.
_PARAMETERS = {"postgres": {"log_statement": "all"}}


class DatabaseError(Exception):
    """A database server cannot be had, or there is none of that name."""


@dataclass(frozen=True)
class Database:
    """A server and the DB instance that it plays.

    :param identifier: the DB instance identifier.
    :param engine: RDS's name of the engine.
    """

    identifier: str
    engine: str
    server: DatabaseServer

    def as_json(self) -> dict[str, Any]:
        """Return what the control API answers."""
        return {
            "identifier": self.identifier,
            "engine": self.engine,
            "host": self.server.host,
            "port": self.server.port,
            "pid": self.server.pid,
            "log_file": str(self.server.log_file),
            "general_log": str(self.server.general_log),
        }


class Databases:
    """All database servers of this emulator.

    :param directory: holds one folder a server and the authority's certificate.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.authority = Authority.load_or_create(directory / "authority")
        self._lock = threading.Lock()
        self._databases: dict[str, Database] = {}

    def create(self, identifier: str, *, engine: str, username: str, password: str, name: str | None) -> Database:
        """Start a new server.

        :raises DatabaseError: the engine has no server here, or the server cannot be started.
        """
        kind = ENGINES.get(engine)
        if kind is None:
            raise DatabaseError(f"The local cloud runs {', '.join(ENGINES)}, not the engine {engine!r}.")
        server = kind.create(
            self._directory / "databases" / identifier,
            authority=self.authority,
            master_username=username,
            master_password=password,
            database=name,
            parameters=_PARAMETERS.get(engine),
        )
        database = Database(identifier, engine, server)
        with self._lock:
            self._databases[identifier] = database
        return database

    def get(self, identifier: str) -> Database:
        """Return a database by its DB instance identifier.

        :raises DatabaseError: there is none.
        """
        with self._lock:
            database = self._databases.get(identifier)
        if database is None:
            raise DatabaseError(f"There is no DB instance {identifier!r} with a running server.")
        return database

    def all(self) -> list[Database]:
        """Return every database."""
        with self._lock:
            return list(self._databases.values())

    def destroy(self, identifier: str) -> None:
        """Stop a server and remove its files; does nothing when there is none."""
        with self._lock:
            database = self._databases.pop(identifier, None)
        if database is not None:
            database.server.destroy()

    def close(self) -> None:
        """Stop every server; the emulator's memory of them ends with it, so their files go too."""
        for database in self.all():
            self.destroy(database.identifier)

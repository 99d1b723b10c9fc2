"""A login role of a real server, and the secret that its password is in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localcloud.databases import PostgresServer
    from tests.support.secrets_manager import FakeSecretsManager


@dataclass
class RotatingLogin:
    """What a rotation changes, step by step: first the password, then the label."""

    server: PostgresServer
    username: str
    manager: FakeSecretsManager

    def value(self, password: str) -> dict[str, Any]:
        """Return what the secret holds with this password."""
        return {
            "engine": "postgres",
            "host": self.server.host,
            "port": self.server.port,
            "dbname": "orders",
            "username": self.username,
            "password": password,
        }

    def store(self, version_id: str, password: str) -> None:
        """Make a version current, as finishSecret does."""
        self.manager.put(version_id, self.value(password))

    def set_password(self, password: str) -> None:
        """Change the password in the database, as setSecret does."""
        self.execute(f"ALTER ROLE {self.username} PASSWORD '{password}'")

    def refused_logins(self) -> int:
        """Count the server's own records of refused logins of this user."""
        wanted = f'password authentication failed for user "{self.username}"'
        return self.server.log_file.read_text(errors="replace").count(wanted)

    def execute(self, statement: str, *, database: str = "postgres") -> None:
        """Run one statement as the superuser."""
        connection = self.server.superuser_connection(database)
        try:
            connection.autocommit = True
            connection.cursor().execute(statement)
        finally:
            connection.close()

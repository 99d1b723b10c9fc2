"""What a rotation needs from the outside: every effect goes through here, so that tests can watch, fail or kill it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rotating_rds_function.domain.versions import SecretDescription


class SecretStore(Protocol):
    """Secrets Manager, as far as a rotation uses it. Every method raises RotationError on failure."""

    def describe(self, secret_id: str) -> SecretDescription:
        """Return labels, tags and whether rotation is enabled."""

    def read(self, secret_id: str, *, label: str, version: str | None = None) -> str | None:
        """Return the SecretString of the version with *label*.

        :param version: only if it is this version that carries the label.
        :returns: None if no version carries the label (or another one does), or the version has no value yet.
        """

    def write_pending(self, secret_id: str, *, version: str, text: str) -> None:
        """Give *version* a value and AWSPENDING; does nothing if it has a value, for that never changes."""

    def move_label(self, secret_id: str, *, label: str, source: str | None, destination: str | None) -> None:
        """Move a staging label from one version to another, at once.

        :param source: the version that carries it; None if none does.
        :param destination: None takes it off.
        :raises LabelsMovedError: if *source* does not carry it (any more).
        """


class DatabaseSession(Protocol):
    """A logged-in session. Every method but close() raises RotationError on failure."""

    def verify(self) -> None:
        """Run a query that proves that the session is the user's own and works."""

    def lock(self, username: str) -> None:
        """Wait until no other session of ours changes *username*'s password.

        None does from then on until set_password() or close(), or until the server misses this session.
        """

    def set_password(self, username: str, password: str) -> None:
        """Give a user a password, durably, and release the lock; the password itself never reaches the server."""

    def close(self) -> None:
        """End the session and undo what is not durable. Never raises: a connection that broke is closed."""


class Database(Protocol):
    """One database server, where the deployment says it is."""

    def login(self, username: str, password: str) -> DatabaseSession:
        """Open a session over verified TLS.

        :raises AuthenticationError: if the server does not take the password.
        :raises RotationError: for any other reason.
        """


class Clock(Protocol):
    """Time, replaceable in tests."""

    def now(self) -> float:
        """Return seconds that only grow."""

    def sleep(self, seconds: float) -> None:
        """Let *seconds* pass."""

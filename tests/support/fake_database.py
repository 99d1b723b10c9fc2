"""A database server in memory, at the level of the rotation function's port."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rotating_rds_function.domain.errors import AuthenticationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotating_rds_function.domain.errors import RotationError


@dataclass
class FakeDatabase:
    """Users with one password each.

    :param passwords: user name to password.
    :param logins: the attempts so far: user name, and whether it was let in.
    :param failures: raised one after another by the next calls, before they do anything.
    :param when_locked: called once a session holds the lock, for what happens elsewhere meanwhile.
    """

    passwords: dict[str, str]
    logins: list[tuple[str, bool]] = field(default_factory=list)
    failures: list[RotationError] = field(default_factory=list)
    when_locked: Callable[[], None] = lambda: None
    open_sessions: int = 0
    changes: int = 0

    def login(self, username: str, password: str) -> FakeSession:
        """See Database."""
        self.fail_if_told()
        accepted = self.passwords.get(username) == password
        self.logins.append((username, accepted))
        if not accepted:
            raise AuthenticationError(f"The fake database does not know that password of {username}.")
        self.open_sessions += 1
        return FakeSession(self)

    def fail_if_told(self) -> None:
        """Raise the next failure that a test ordered."""
        if self.failures:
            raise self.failures.pop(0)


class FakeSession:
    """A session of a FakeDatabase, which insists on the lock before a change."""

    def __init__(self, database: FakeDatabase) -> None:
        self._database = database
        self._locked: str | None = None

    def verify(self) -> None:
        """See DatabaseSession."""
        self._database.fail_if_told()

    def lock(self, username: str) -> None:
        """See DatabaseSession."""
        self._database.fail_if_told()
        self._locked = username
        self._database.when_locked()

    def set_password(self, username: str, password: str) -> None:
        """See DatabaseSession."""
        self._database.fail_if_told()
        assert self._locked == username, "a password was changed without the lock"
        self._database.passwords[username] = password
        self._database.changes += 1

    def close(self) -> None:
        """See DatabaseSession."""
        self._database.open_sessions -= 1

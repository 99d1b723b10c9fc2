"""The fake database with what goes wrong on real servers: locks that are taken, sessions that are lost."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rotating_rds_function.domain.errors import NotReadyError, UnreachableError, WrongStateError
from tests.support.fake_database import FakeDatabase, FakeSession

if TYPE_CHECKING:
    from rotating_rds_function.domain.targets import Pair


@dataclass
class MortalDatabase(FakeDatabase):
    """A fake database whose sessions exclude each other, and end with the server.

    :param transactional: whether making a pair equal is undone with the session that did not get to its password, as
        on PostgreSQL.
    :param locks: user name to the session that holds its lock.
    :param session_class: of the sessions that it opens.
    """

    transactional: bool = False
    locks: dict[str, MortalSession] = field(default_factory=dict)
    session_class: type[MortalSession] = field(default_factory=lambda: MortalSession)

    def login(self, username: str, password: str) -> MortalSession:
        """See Database."""
        super().login(username, password)
        return self.session_class(self, username)

    def lose_sessions(self) -> None:
        """Restart: whoever was logged in is no more."""
        for session in list(self.locks.values()):
            session.lose()
        self.epoch += 1

    epoch: int = 0

    def state(self) -> Any:
        """Return what is durable, to be compared, or to be restored."""
        return deepcopy((self.passwords, self.retained, self.privileges, self.locked))

    def restore(self, state: Any) -> None:
        """Become what the database was."""
        self.passwords, self.retained, self.privileges, self.locked = deepcopy(state)


class MortalSession(FakeSession):
    """A session of a MortalDatabase."""

    _database: MortalDatabase

    def __init__(self, database: MortalDatabase, username: str) -> None:
        super().__init__(database, username)
        self._epoch = database.epoch
        self._lost = False
        self._prepared: Pair | None = None

    def lose(self) -> None:
        """End it from the server's side."""
        self._lost = True
        self._unlock()

    def verify(self, query: str | None) -> None:
        """See DatabaseSession, as for every method here."""
        self._insist_on_life()
        super().verify(query)

    def lock(self, username: str) -> None:
        """Fail as after the lock's time-out where another session holds it."""
        self._insist_on_life()
        if self._database.locks.get(username, self) is not self:
            raise NotReadyError(f"Another session holds the lock of {username}.")
        super().lock(username)
        self._database.locks[username] = self

    def replace_password(self, username: str, password: str, *, keep: str | None = None) -> None:
        """Fail for a user whom somebody dropped meanwhile."""
        self._insist_on_life()
        if self._prepared is not None:
            super().prepare_twin(self._prepared)
        if username not in self._database.passwords:
            raise WrongStateError(f"There is no user {username}.")
        super().replace_password(username, password, keep=keep)
        self._unlock()

    def discard_retained(self, username: str) -> None:
        """Release the lock as well."""
        self._insist_on_life()
        super().discard_retained(username)
        self._unlock()

    def refuse_protected(self, username: str) -> None:
        """Look only."""
        self._insist_on_life()
        super().refuse_protected(username)

    def check_administrator(self, username: str, pair: Pair | None) -> None:
        """Look only."""
        self._insist_on_life()
        super().check_administrator(username, pair)

    def prepare_twin(self, pair: Pair) -> None:
        """Wait for the password where both are one transaction."""
        self._insist_on_life()
        if not self._database.transactional:
            super().prepare_twin(pair)
        elif not {pair.model, pair.twin} & self._database.passwords.keys():
            raise WrongStateError(f"There is neither {pair.model} nor {pair.twin}.")
        else:
            self._prepared = pair

    def differences(self, pair: Pair) -> list[str]:
        """Look only."""
        self._insist_on_life()
        return super().differences(pair)

    def close(self) -> None:
        """Release the lock as well."""
        super().close()
        self.lose()

    def _insist_on_life(self) -> None:
        if self._lost or self._epoch != self._database.epoch:
            raise UnreachableError("The session was lost.")

    def _unlock(self) -> None:
        self._prepared = None
        self._locked = None
        for username in [name for name, session in self._database.locks.items() if session is self]:
            del self._database.locks[username]

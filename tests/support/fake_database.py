"""A database server in memory, at the level of the rotation function's port: users, privileges, pairs."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rotating_rds_function.domain.errors import AuthenticationError, PrivilegeError, RefusedError, WrongStateError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rotating_rds_function.domain.access import UserAccess
    from rotating_rds_function.domain.errors import RotationError
    from rotating_rds_function.domain.targets import Pair


@dataclass
class FakeDatabase:
    """Users with their passwords and privileges.

    :param passwords: user name to primary password.
    :param retains_passwords: whether it has secondary passwords, as MySQL does.
    :param retained: user name to secondary password.
    :param privileges: user name to what the user may do.
    :param locked: users who do not log in, whatever their password is.
    :param awaiting: those of them who will, once they have got a password.
    :param failing_statements: of declarations.
    :param administrators: users who may change others; to what they lack of the privileges for it.
    :param protected: users whose password no administrator may change.
    :param logins: the attempts so far: user name, and whether it was let in.
    :param failures: raised one after another by the next calls, before they do anything; None lets a call pass.
    :param when_locked: called once a session holds the lock, for what happens elsewhere meanwhile.
    :param queries: what sessions were verified with.
    :param trusted_until: when its certificate ends, in seconds since the epoch.
    """

    passwords: dict[str, str]
    retains_passwords: bool = False
    retained: dict[str, str] = field(default_factory=dict)
    privileges: dict[str, set[str]] = field(default_factory=dict)
    locked: set[str] = field(default_factory=set)
    awaiting: set[str] = field(default_factory=set)
    failing_statements: set[str] = field(default_factory=set)
    administrators: dict[str, set[str]] = field(default_factory=dict)
    protected: set[str] = field(default_factory=set)
    logins: list[tuple[str, bool]] = field(default_factory=list)
    failures: Sequence[RotationError | None] = ()
    when_locked: Callable[[], None] = lambda: None
    queries: list[str | None] = field(default_factory=list)
    trusted_until: float = math.inf
    open_sessions: int = 0
    changes: int = 0

    def login(self, username: str, password: str) -> FakeSession:
        """See Database."""
        self.fail_if_told()
        accepted = self.accepts(username, password)
        self.logins.append((username, accepted))
        if not accepted:
            raise AuthenticationError(f"The fake database does not know that password of {username}.")
        self.open_sessions += 1
        return FakeSession(self, username)

    def accepts(self, username: str, password: str) -> bool:
        """Tell whether user and password log in, without doing so."""
        known = (self.passwords.get(username), self.retained.get(username))
        return username not in self.locked and password in known

    def fail_if_told(self) -> None:
        """Raise the next failure that a test ordered."""
        failure, *self.failures = self.failures or (None,)
        if failure is not None:
            raise failure


class FakeSession:
    """A session of a FakeDatabase, which insists on the lock before a change, and on the right to make it."""

    def __init__(self, database: FakeDatabase, username: str) -> None:
        self._database = database
        self._username = username
        self._locked: str | None = None

    def verify(self, query: str | None) -> None:
        """See DatabaseSession."""
        self._database.fail_if_told()
        self._database.queries.append(query)

    def trusted_until(self) -> float:
        """See DatabaseSession."""
        return self._database.trusted_until

    def lock(self, username: str) -> None:
        """See DatabaseSession."""
        self._database.fail_if_told()
        self._locked = username
        self._database.when_locked()

    def replace_password(self, username: str, password: str, *, keep: str | None = None) -> None:
        """See DatabaseSession."""
        self._begin_change(username)
        database = self._database
        database.retained.pop(username, None)
        if keep is not None and database.retains_passwords:
            database.retained[username] = keep
        database.passwords[username] = password
        database.locked.discard(username)
        database.awaiting.discard(username)
        database.changes += 1

    def discard_retained(self, username: str) -> None:
        """See DatabaseSession."""
        self._begin_change(username)
        self._database.retained.pop(username, None)

    def refuse_protected(self, username: str) -> None:
        """See DatabaseSession."""
        self._database.fail_if_told()
        if username in self._database.protected or username == self._username:
            raise RefusedError(f"The fake database protects {username}.")

    def check_administrator(self, username: str, pair: Pair | None) -> None:  # noqa: ARG002 - one list serves
        """See DatabaseSession."""
        self._database.fail_if_told()
        lacking = self._database.administrators.get(self._username, {"to administer"})
        if lacking:
            raise PrivilegeError(f"{self._username} lacks {', '.join(sorted(lacking))}.")

    def prepare_twin(self, pair: Pair) -> None:
        """See DatabaseSession."""
        self._begin_change(pair.twin)
        database = self._database
        there = [login for login in (pair.model, pair.twin) if login in database.passwords]
        if not there:
            raise WrongStateError(f"The fake database has neither {pair.model} nor {pair.twin}.")
        for login in {pair.model, pair.twin} - set(there):
            database.passwords[login] = ""
            database.locked.add(login)
        for login in (pair.model, pair.twin):
            database.privileges[login] = set(database.privileges.get(there[0], set()))

    def differences(self, pair: Pair) -> list[str]:
        """See DatabaseSession."""
        self._database.fail_if_told()
        model, twin = (self._database.privileges.get(login, set()) for login in (pair.model, pair.twin))
        missing = [] if pair.twin in self._database.passwords else [f"{pair.twin} does not exist"]
        return [
            *missing,
            *(f"{pair.twin} lacks {privilege}" for privilege in sorted(model - twin)),
            *(f"{pair.twin} has {privilege} beyond" for privilege in sorted(twin - model)),
        ]

    def exists(self, username: str) -> bool:
        """See DatabaseSession."""
        self._database.fail_if_told()
        return username in self._database.passwords

    def provision(self, user: UserAccess) -> bool:
        """See DatabaseSession."""
        self._begin_change(user.logins[0])
        database, (first, *others) = self._database, user.logins
        if first in database.locked - database.awaiting:
            raise WrongStateError(f"The fake database has {first}, whom somebody locked.")
        failing = database.failing_statements & set(user.statements)
        if failing:
            raise WrongStateError(f"The fake database does not take {failing.pop()}.")
        if first not in database.passwords:
            database.passwords[first] = ""
            self.shut_out(first)
        for login in (first, *(login for login in others if login in database.passwords)):
            database.privileges[login] = {f"{level} {schema}" for schema, level in user.schemas.items()}
            database.privileges[login] |= set(user.statements)
        return first in database.awaiting

    def shut_out(self, username: str) -> None:
        """See DatabaseSession."""
        self._begin_change(username)
        self._database.locked.add(username)
        self._database.awaiting.add(username)

    def remove(self, user: UserAccess) -> None:
        """See DatabaseSession."""
        self._begin_change("anybody")
        for login in user.logins:
            for facts in (self._database.passwords, self._database.retained, self._database.privileges):
                facts.pop(login, None)
            self._database.locked.discard(login)
            self._database.awaiting.discard(login)

    def commit(self) -> None:
        """See DatabaseSession."""
        self._database.fail_if_told()

    def close(self) -> None:
        """See DatabaseSession."""
        self._database.open_sessions -= 1

    def _begin_change(self, username: str) -> None:
        self._database.fail_if_told()
        assert self._locked is not None, "a user was changed without the lock"
        may = username == self._username or self._username in self._database.administrators
        assert may, f"{self._username} changed {username}"

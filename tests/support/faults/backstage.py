"""A database as its operators see it: what tests do behind the function's back, in memory or on a real server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from tests.support.faults.mortal_database import MortalDatabase, MortalSession
from tests.support.rotations import ADMINISTRATOR, ALTERNATE, DEPLOYMENT, ENDPOINT, USERNAME

if TYPE_CHECKING:
    from rotating_rds_function.domain.patience import Deadline
    from rotating_rds_function.domain.ports import Database
    from rotating_rds_function.domain.targets import Deployment, Target

FIRST_PASSWORD = "current password"
ADMINISTRATOR_PASSWORD = "master password"
PRIVILEGES = ("SELECT", "INSERT")


class Backstage(Protocol):
    """One server with the user of the secret; its second login exists from the start only if that is asked for.

    :ivar deployment: what the function is deployed for.
    :ivar engine: its name in the secret's tag.
    :ivar retains_passwords: whether it has secondary passwords.
    :ivar is_remote: looking costs time, so that it is done only after calls that have effects.
    """

    deployment: Deployment
    engine: str
    retains_passwords: bool
    is_remote: bool
    username: str
    alternate: str
    administrator: str
    administrator_password: str

    def connect(self, target: Target, deadline: Deadline) -> Database:
        """Return the adapter under test."""

    def accepts(self, username: str, password: str) -> bool:
        """Tell whether user and password log in."""

    def set_password(self, username: str, password: str) -> None:
        """Change a password as somebody does who does not know of the secret."""

    def exists(self, login: str) -> bool:
        """Tell whether the login is there."""

    def drop(self, login: str) -> None:
        """Drop a login."""

    def make(self, login: str) -> None:
        """Make a login that may do what the declaration says; its password is nobody's."""

    def drift(self, login: str) -> None:
        """Give a login a privilege that its twin has not, or take that away again."""

    def equal(self) -> bool:
        """Tell whether both logins exist and can do the same."""

    def make_equal(self) -> None:
        """Have both logins exist and be able to do the same."""

    def lose_sessions(self) -> None:
        """End every session of the function, as a restart does."""

    def state(self) -> Any:
        """Return what a snapshot of the database holds, to be compared or restored."""

    def restore(self, state: Any) -> None:
        """Restore a snapshot, but for the administrator."""

    def reconnect(self) -> None:
        """Go on with a server that was killed and has started again."""

    def close(self) -> None:
        """Leave nothing behind."""


class FakeBackstage:
    """The fake database.

    :param transactional: whether what precedes the password is undone with its session.
    :param session_class: of the sessions that the function gets.
    """

    deployment = DEPLOYMENT
    engine = "postgres"
    is_remote = False
    username, alternate, administrator = USERNAME, ALTERNATE, ADMINISTRATOR
    administrator_password = ADMINISTRATOR_PASSWORD

    def __init__(
        self, *, retains_passwords: bool, transactional: bool, session_class: type[MortalSession] = MortalSession
    ) -> None:
        self.retains_passwords = retains_passwords
        self.database = MortalDatabase(
            {USERNAME: FIRST_PASSWORD, ADMINISTRATOR: ADMINISTRATOR_PASSWORD},
            retains_passwords=retains_passwords,
            transactional=transactional,
            privileges={USERNAME: set(PRIVILEGES)},
            administrators={ADMINISTRATOR: set()},
            session_class=session_class,
        )

    def connect(self, target: Target, deadline: Deadline) -> Database:  # noqa: ARG002 - a Backstage's signature
        """See Backstage, as for every method here."""
        assert target.endpoint == ENDPOINT
        return self.database

    def accepts(self, username: str, password: str) -> bool:
        """Look into the server."""
        return self.database.accepts(username, password)

    def set_password(self, username: str, password: str) -> None:
        """Leave no secondary password either."""
        if self.exists(username):
            self.database.passwords[username] = password
            self.database.retained.pop(username, None)

    def exists(self, login: str) -> bool:
        """Look into the server."""
        return login in self.database.passwords

    def drop(self, login: str) -> None:
        """Forget everything about the login."""
        for facts in (self.database.passwords, self.database.retained, self.database.privileges):
            facts.pop(login, None)
        self.database.locked.discard(login)

    def make(self, login: str) -> None:
        """Give it the privileges that there were at first."""
        self.database.passwords[login] = "nobody's password"
        self.database.privileges[login] = set(PRIVILEGES)

    def drift(self, login: str) -> None:
        """Toggle UPDATE."""
        if self.exists(login):
            self.database.privileges.setdefault(login, set()).symmetric_difference_update({"UPDATE"})

    def equal(self) -> bool:
        """Compare everything."""
        logins = (self.username, self.alternate)
        one, other = (self.database.privileges.get(login) for login in logins)
        return all(map(self.exists, logins)) and one == other

    def make_equal(self) -> None:
        """Give both the privileges that there were at first."""
        for login in (self.username, self.alternate):
            if not self.exists(login):
                self.make(login)
            self.database.privileges[login] = set(PRIVILEGES)

    def lose_sessions(self) -> None:
        """Restart."""
        self.database.lose_sessions()

    def state(self) -> Any:
        """Return all that is durable."""
        return self.database.state()

    def restore(self, state: Any) -> None:
        """Keep the administrator's password, whose secret is another one's business."""
        password = self.database.passwords[ADMINISTRATOR]
        self.database.restore(state)
        self.database.passwords[ADMINISTRATOR] = password
        self.lose_sessions()

    def reconnect(self) -> None:
        """Nothing was connected."""

    def close(self) -> None:
        """Leave the rest to the garbage collector."""

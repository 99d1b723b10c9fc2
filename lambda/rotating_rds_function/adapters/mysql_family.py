"""What the sessions of MySQL and MariaDB share: how they begin, the lock of a user, how a password change is framed."""

from __future__ import annotations

import abc
import hashlib
from typing import TYPE_CHECKING, ClassVar

from rotating_rds_function.adapters.limits import Limits
from rotating_rds_function.adapters.mysql_connection import MySqlConnection
from rotating_rds_function.adapters.mysql_text import check_name, literal
from rotating_rds_function.domain.errors import ConfigurationError, NotReadyError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from rotating_rds_function.adapters.account_administration import AccountAdministration
    from rotating_rds_function.adapters.accounts import Account, AccountState
    from rotating_rds_function.domain.access import UserAccess
    from rotating_rds_function.domain.endpoints import Endpoint
    from rotating_rds_function.domain.patience import Deadline
    from rotating_rds_function.domain.targets import Pair


class MySqlFamily(abc.ABC):
    """One server of either engine.

    :param endpoint: where it is.
    :param trust: what verifies its certificate.
    :param deadline: bounds every wait.
    :cvar longest_name: characters that a user name may have.
    """

    retains_passwords: ClassVar[bool]
    longest_name: ClassVar[int]

    def __init__(self, endpoint: Endpoint, *, trust: ssl.SSLContext, deadline: Deadline) -> None:
        self._endpoint = endpoint
        self._trust = trust
        self._deadline = deadline

    def login(self, username: str, password: str) -> MySqlFamilySession:
        """Open a session over verified TLS.

        :raises AuthenticationError: if the server does not take user and password.
        :raises RotationError: with the cause, if the session cannot be opened for another reason.
        """
        check_name(username, longest=self.longest_name)
        connection = MySqlConnection.open(
            self._endpoint,
            username,
            password,
            trust=self._trust,
            deadline=self._deadline,
            settings=self._settings(Limits.within(self._deadline)),
        )
        return self._session(connection, username, password)

    @abc.abstractmethod
    def _settings(self, limits: Limits) -> Mapping[str, str]:
        """Return session variables that only this engine has."""

    @abc.abstractmethod
    def _session(self, connection: MySqlConnection, username: str, password: str) -> MySqlFamilySession:
        """Return the session on a connection."""


class MySqlFamilySession(abc.ABC):
    """A session of one user. Made by MySqlFamily.login()."""

    def __init__(
        self,
        connection: MySqlConnection,
        administration: AccountAdministration,
        *,
        username: str,
        password: str,
        deadline: Deadline,
    ) -> None:
        self._connection = connection
        self._administration = administration
        self._username = username
        self._password = password
        self._deadline = deadline
        self._model: AccountState | None = None
        self._lock: str | None = None

    @abc.abstractmethod
    def _check_version(self, version: str) -> None:
        """Refuse a server to which passwords are not sent the way that it needs.

        :raises ConfigurationError: if it is another engine than the deployment says, or too old.
        """

    @abc.abstractmethod
    def _set_own_password(self, password: str) -> None:
        """Give the session's own user a password."""

    @abc.abstractmethod
    def _set_password(self, account: Account, password: str, *, keep: str | None) -> None:
        """Give another account a password, and unlock it if that is what unlocks() says."""

    @abc.abstractmethod
    def _discard(self, username: str) -> None:
        """Let the primary password of a user alone log in."""

    @property
    def _unlocks(self) -> bool:
        """Whether we locked the account: a twin is, until it has its password. Whom an operator locked stays locked."""
        return self._model is not None and not self._model.locked

    def verify(self, query: str | None) -> None:
        """Run a query, as proof that the session does more than log in."""
        self._connection.run(query or "SELECT CURRENT_USER()")

    def trusted_until(self) -> float:
        """See DatabaseSession."""
        return self._connection.trusted_until()

    def lock(self, username: str) -> None:
        """Take the named lock of *username*; it ends with the session, at the latest."""
        name, seconds = lock_name(username), int(Limits.within(self._deadline).lock)
        (row,) = self._connection.run(f"SELECT GET_LOCK({literal(name)}, {seconds}) AS granted, VERSION() AS version")
        if row["granted"] != 1:
            raise NotReadyError(
                "The database did not grant the lock of the user in time: another run of the rotation holds it."
            )
        self._lock = name
        self._check_version(row["version"])

    def replace_password(self, username: str, password: str, *, keep: str | None = None) -> None:
        """Set the password so that no log shows it, and release the lock."""
        if username == self._username:
            self._set_own_password(password)
        else:
            self._set_password(self._administration.only(username), password, keep=keep)
        self._release()

    def discard_retained(self, username: str) -> None:
        """Discard a secondary password, where there are such, and release the lock."""
        self._discard(username)
        self._release()

    def refuse_protected(self, username: str) -> None:
        """See DatabaseSession."""
        self._administration.refuse_protected(username)

    def check_administrator(self, username: str, pair: Pair | None) -> None:  # noqa: ARG002 - who may change one password may change all
        """See DatabaseSession."""
        self._administration.check_administrator(pair)

    def prepare_twin(self, pair: Pair) -> None:
        """See DatabaseSession."""
        self._model = self._administration.make_equal(pair)

    def differences(self, pair: Pair) -> list[str]:
        """See DatabaseSession."""
        return self._administration.differences(pair)

    def exists(self, username: str) -> bool:
        """See DatabaseSession."""
        return self._administration.exists(username)

    def provision(self, user: UserAccess) -> bool:
        """See DatabaseSession; every statement takes effect at once."""
        self._model = self._administration.provisioning.provision(user)
        return self._model is not None

    def shut_out(self, username: str) -> None:
        """See DatabaseSession."""
        self._administration.provisioning.shut_out(username)

    def remove(self, user: UserAccess) -> None:
        """See DatabaseSession; accounts own nothing."""
        self._administration.provisioning.remove(user)

    def commit(self) -> None:
        """Release the lock; everything is durable already."""
        self._release()

    def close(self) -> None:
        """End the session; the server releases its lock."""
        self._connection.close()

    def _release(self) -> None:
        if self._lock is not None:
            self._connection.run(f"DO RELEASE_LOCK({literal(self._lock)})")
            self._lock = None


def lock_name(username: str) -> str:
    """Return the name of the lock that runs of the rotation of one user compete for; MySQL allows 64 characters."""
    return f"rotating-rds/{hashlib.sha256(username.encode()).hexdigest()[:40]}"


def refuse_server(engine: str, version: str, needed: str) -> ConfigurationError:
    """Return the error for a server that is not what the deployment says."""
    return ConfigurationError(
        f"The deployment says {engine}, and the server calls itself {version!r}, where {needed} is needed: "
        "deploy the engine that it is; no password was sent to be set."
    )

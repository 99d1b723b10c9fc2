"""PostgreSQL: who logs in, how a password is set without being sent."""

from __future__ import annotations

import contextlib
import hashlib
import struct
from typing import TYPE_CHECKING, Any, Final

from rotating_rds_function.adapters import tls
from rotating_rds_function.adapters.limits import Limits
from rotating_rds_function.adapters.postgres_access import provision, remove, shut_out
from rotating_rds_function.adapters.postgres_administration import check_administrator, refuse_protected
from rotating_rds_function.adapters.postgres_driver import Connection
from rotating_rds_function.adapters.postgres_errors import broken, translated
from rotating_rds_function.adapters.postgres_pairs import alter_password, differences, prepare_twin
from rotating_rds_function.adapters.postgres_roles import read_role
from rotating_rds_function.adapters.scram import scram_verifier
from rotating_rds_function.domain.errors import ConfigurationError, RotationError, TlsError

if TYPE_CHECKING:
    import ssl

    from rotating_rds_function.domain.access import UserAccess
    from rotating_rds_function.domain.endpoints import Endpoint
    from rotating_rds_function.domain.patience import Deadline
    from rotating_rds_function.domain.targets import Pair

# "SSLRequest" of the message formats in PostgreSQL's manual: length, then a number that is no protocol version.
_TLS_REQUEST: Final = struct.pack("!ii", 8, 80877103)
_TLS_ACCEPTED: Final = b"S"

_MAINTENANCE_DATABASE: Final = "postgres"
_LONGEST_NAME: Final = 63  # bytes; PostgreSQL would cut a longer name, and so address another role


class Postgres:
    """One PostgreSQL server, whose roles have one password each.

    :param endpoint: where it is.
    :param trust: what verifies its certificate.
    :param deadline: bounds every wait.
    """

    retains_passwords: Final = False

    def __init__(self, endpoint: Endpoint, *, trust: ssl.SSLContext, deadline: Deadline) -> None:
        self._endpoint = endpoint
        self._trust = trust
        self._deadline = deadline

    def login(self, username: str, password: str) -> PostgresSession:
        """Open a session over verified TLS.

        :raises AuthenticationError: if the server does not take user and password.
        :raises RotationError: with the cause, if the session cannot be opened for another reason.
        """
        _check_name(username)
        channel = self._secure_channel()
        try:
            limits = Limits.within(self._deadline)
            channel.settimeout(limits.connect)
            connection = Connection(
                username,
                password=password,
                database=self._endpoint.database or _MAINTENANCE_DATABASE,
                sock=channel,
                ssl_context=False,  # TLS is on this socket already, verified
                application_name="rotating-rds",
                startup_params=_settings(limits),
            )
        except Exception as error:  # noqa: BLE001 - the driver lets socket, TLS, struct and SCRAM errors through
            failure = translated(error, self._endpoint)
        else:
            return PostgresSession(connection, channel, self._endpoint, self._deadline)
        channel.close()
        raise failure

    def _secure_channel(self) -> ssl.SSLSocket:
        plain = tls.connect(self._endpoint, timeout=Limits.within(self._deadline).connect)
        try:
            plain.settimeout(Limits.within(self._deadline).connect)
            plain.sendall(_TLS_REQUEST)
            answer = plain.recv(1)
        except (OSError, RotationError) as error:
            failure = translated(error, self._endpoint)
        else:
            if answer == _TLS_ACCEPTED:
                return tls.handshake(plain, self._endpoint, self._trust)
            failure = _no_tls(self._endpoint) if answer else broken(self._endpoint, "connection closed")
        plain.close()
        raise failure


class PostgresSession:
    """A session of one user. Made by Postgres.login()."""

    def __init__(self, connection: Connection, channel: ssl.SSLSocket, endpoint: Endpoint, deadline: Deadline) -> None:
        self._connection = connection
        self._channel = channel
        self._endpoint = endpoint
        self._deadline = deadline
        self._to_unlock: str | None = None

    def verify(self, query: str | None) -> None:
        """Run a query, as proof that the session does more than log in."""
        self._run(query or "SELECT pg_catalog.current_database()")

    def trusted_until(self) -> float:
        """See DatabaseSession."""
        return tls.trusted_until(self._channel)

    def lock(self, username: str) -> None:
        """Begin a transaction and take the advisory lock of *username*; it ends with the transaction."""
        self._run("BEGIN")
        # A login that acts as another role (ALTER ROLE ... SET role) may not set its own password (42501); RESET ROLE
        # would return to that role.
        self._run("SET ROLE NONE")
        self._run(f"SELECT pg_catalog.pg_advisory_xact_lock({lock_key(username)})")

    def replace_password(self, username: str, password: str, *, keep: str | None = None) -> None:  # noqa: ARG002
        """Set the password by its SCRAM verifier, and commit: neither server nor its logs see the password.

        :param keep: ignored, because a role has one password.
        """
        self._run(alter_password(username, scram_verifier(password), unlock=username == self._to_unlock))
        self.commit()

    def discard_retained(self, username: str) -> None:  # noqa: ARG002 - a role has one password
        """Release the lock; there is nothing to discard."""
        self.commit()

    def refuse_protected(self, username: str) -> None:
        """Refuse superusers, members of rds_superuser and the session's own user."""
        _check_name(username)
        refuse_protected(self._run, username)

    def check_administrator(self, username: str, pair: Pair | None) -> None:
        """Name what CREATEROLE and ADMIN OPTION the session's user lacks."""
        check_administrator(self._run, username, pair)

    def prepare_twin(self, pair: Pair) -> None:
        """Make the twin equal, inside the transaction that the lock began."""
        for name in (pair.model, pair.twin, pair.access_role):
            _check_name(name)
        self._to_unlock = pair.twin if prepare_twin(self._run, pair) else None

    def differences(self, pair: Pair) -> list[str]:
        """Return what the logins do not have in common."""
        return differences(self._run, pair)

    def exists(self, username: str) -> bool:
        """Look for the role."""
        return read_role(self._run, username) is not None

    def provision(self, user: UserAccess) -> bool:
        """Make owner, access role and logins what the deployment declares; needs the lock of the user.

        Made durable by replace_password(), which also unlocks a login that was made, or by commit().

        :returns: whether the first login was made, and waits for its password.
        """
        for name in (user.owner, user.access_role, *user.logins):
            _check_name(name)
        # Users of one database share its owner.
        self._run(f"SELECT pg_catalog.pg_advisory_xact_lock({lock_key(user.owner)})")
        made = provision(self._run, user)
        self._to_unlock = user.logins[0] if made else None
        return made

    def shut_out(self, username: str) -> None:
        """Take LOGIN from a role."""
        shut_out(self._run, username)

    def remove(self, user: UserAccess) -> None:
        """Drop logins and access role; the owner stays."""
        self._run(f"SELECT pg_catalog.pg_advisory_xact_lock({lock_key(user.owner)})")
        remove(self._run, user)

    def commit(self) -> None:
        """Make what was done durable, and release the locks."""
        self._run("COMMIT")

    def close(self) -> None:
        """End the session; the server undoes an open transaction."""
        with contextlib.suppress(Exception):  # a connection that breaks while it is closed is closed
            self._connection.close()
        self._channel.close()

    def _run(self, statement: str, **parameters: Any) -> list[list[Any]]:
        try:
            self._channel.settimeout(Limits.within(self._deadline).statement)
            rows: list[list[Any]] = self._connection.run(statement, **parameters)
        except Exception as error:  # noqa: BLE001 - as in login()
            failure = translated(error, self._endpoint)
        else:
            return rows
        raise failure


def lock_key(username: str) -> int:
    """Return the key of the advisory lock that runs of the rotation of one user compete for."""
    digest = hashlib.sha256(f"rotating-rds/{username}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _settings(limits: Limits) -> dict[str, str]:
    """Return the session's settings; they win over those that ALTER ROLE ... SET attached to the user."""
    return {
        "client_encoding": "UTF8",
        "default_transaction_read_only": "off",
        "lock_timeout": f"{limits.lock * 1000:.0f}",
        "statement_timeout": f"{limits.statement * 1000:.0f}",
        # A function that was stopped in the middle must not keep the lock.
        "idle_in_transaction_session_timeout": f"{limits.statement * 1000:.0f}",
    }


def _check_name(username: str) -> None:
    if "\0" in username or not 0 < len(username.encode("utf-8", "surrogatepass")) <= _LONGEST_NAME:
        raise ConfigurationError(
            f"The user name {username[:80]!r} is none that PostgreSQL can hold (1 to {_LONGEST_NAME} bytes, no NUL): "
            "deploy a name that it can."
        )


def _no_tls(endpoint: Endpoint) -> TlsError:
    return TlsError(
        f"{endpoint.host}:{endpoint.port} does not speak TLS: turn it on (ssl on the server, rds.force_ssl on RDS); "
        "the function never sends a password without it."
    )

"""PostgreSQL: who logs in, how a password is set without being sent."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import struct
from typing import TYPE_CHECKING, Any, Final

import pg8000.native
import scramp

from rotating_rds_function.adapters import tls
from rotating_rds_function.adapters.limits import Limits
from rotating_rds_function.adapters.sqlstates import error_for
from rotating_rds_function.domain.errors import (
    AuthenticationError,
    ConfigurationError,
    InternalError,
    RotationError,
    TlsError,
    UnreachableError,
    WrongStateError,
)

if TYPE_CHECKING:
    import socket
    import ssl

    from rotating_rds_function.domain.endpoints import Endpoint
    from rotating_rds_function.domain.patience import Deadline

# "SSLRequest" of the message formats in PostgreSQL's manual: length, then a number that is no protocol version.
_TLS_REQUEST: Final = struct.pack("!ii", 8, 80877103)
_TLS_ACCEPTED: Final = b"S"

_MAINTENANCE_DATABASE: Final = "postgres"
_LONGEST_NAME: Final = 63  # bytes; PostgreSQL would cut a longer name, and so address another role


class Postgres:
    """One PostgreSQL server.

    :param endpoint: where it is.
    :param trust: what verifies its certificate.
    :param deadline: bounds every wait.
    """

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
        limits = Limits.within(self._deadline)
        channel = self._secure_channel(limits)
        try:
            connection = pg8000.native.Connection(
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

    def _secure_channel(self, limits: Limits) -> ssl.SSLSocket:
        plain = tls.connect(self._endpoint, timeout=limits.connect)
        try:
            plain.sendall(_TLS_REQUEST)
            answer = plain.recv(1)
        except OSError as error:
            failure: RotationError = _broken(self._endpoint, tls.reason_of(error))
        else:
            if answer == _TLS_ACCEPTED:
                return tls.handshake(plain, self._endpoint, self._trust)
            failure = _no_tls(self._endpoint) if answer else _broken(self._endpoint, "connection closed")
        plain.close()
        raise failure


class PostgresSession:
    """A session of one user. Made by Postgres.login()."""

    def __init__(
        self, connection: pg8000.native.Connection, channel: socket.socket, endpoint: Endpoint, deadline: Deadline
    ) -> None:
        self._connection = connection
        self._channel = channel
        self._endpoint = endpoint
        self._deadline = deadline

    def verify(self) -> None:
        """Run a query, as proof that the session does more than log in."""
        self._run("SELECT pg_catalog.current_database()")

    def lock(self, username: str) -> None:
        """Begin a transaction and take the advisory lock of *username*; it ends with the transaction."""
        self._run("BEGIN")
        # A login that acts as another role (ALTER ROLE ... SET role) may not set its own password (42501); RESET ROLE
        # would return to that role.
        self._run("SET ROLE NONE")
        self._run(f"SELECT pg_catalog.pg_advisory_xact_lock({lock_key(username)})")

    def set_password(self, username: str, password: str) -> None:
        """Set the password by its SCRAM verifier, and commit: neither server nor its logs see the password."""
        verifier = pg8000.native.literal(scram_verifier(password))
        self._run(f"ALTER ROLE {pg8000.native.identifier(username)} PASSWORD {verifier}")
        self._run("COMMIT")

    def close(self) -> None:
        """End the session; the server undoes an open transaction."""
        with contextlib.suppress(Exception):  # a connection that breaks while it is closed is closed
            self._connection.close()
        self._channel.close()

    def _run(self, statement: str) -> list[list[Any]]:
        try:
            self._channel.settimeout(Limits.within(self._deadline).statement)
            rows: list[list[Any]] = self._connection.run(statement)
        except RotationError:
            raise
        except Exception as error:  # noqa: BLE001 - as in login()
            failure = translated(error, self._endpoint)
        else:
            return rows
        raise failure


def scram_verifier(password: str) -> str:
    """Return what PostgreSQL stores for a password (RFC 5803, in the notation of pg_authid).

    :raises WrongStateError: if SASLprep (RFC 4013) prohibits the password.
    """
    try:
        salt, stored_key, server_key, rounds = scramp.ScramMechanism("SCRAM-SHA-256").make_auth_info(password)
    except scramp.ScramException:
        pass
    else:
        encoded = (base64.b64encode(part).decode("ascii") for part in (salt, stored_key, server_key))
        return "SCRAM-SHA-256${}:{}${}:{}".format(rounds, *encoded)
    raise WrongStateError(
        "The pending password has characters that SASLprep prohibits, such as control characters: "
        "rotate again with RotateSecret, which makes another one."
    )


def lock_key(username: str) -> int:
    """Return the key of the advisory lock that runs of the rotation of one user compete for."""
    digest = hashlib.sha256(f"rotating-rds/{username}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def translated(error: BaseException, endpoint: Endpoint) -> RotationError:
    """Return the typed error for whatever the driver raised, without a word of the driver's text."""
    for cause in _chain(error):
        if isinstance(cause, pg8000.native.DatabaseError):
            return error_for(_sqlstate(cause), f"{endpoint.host}:{endpoint.port}")
        if isinstance(cause, scramp.ScramException):
            return AuthenticationError(
                f"PostgreSQL at {endpoint.host}:{endpoint.port} did not complete the SCRAM exchange: "
                "check the password in the secret, which may hold characters that SASLprep prohibits."
            )
    for cause in _chain(error):
        if isinstance(cause, OSError):
            return _broken(endpoint, tls.reason_of(cause))
    if isinstance(error, pg8000.native.InterfaceError) and str(error) == "network error":
        return _broken(endpoint, "connection closed")
    return InternalError(
        f"The session with {endpoint.host}:{endpoint.port} failed with {type(error).__name__}: "
        "check that a PostgreSQL server listens there."
    )


def _chain(error: BaseException | None) -> list[BaseException]:
    # The driver says good-bye when a login fails; on a connection that is gone already, that second failure hides the
    # server's answer.
    chain: list[BaseException] = []
    while error is not None and error not in chain:
        chain.append(error)
        error = error.__cause__ or error.__context__
    return chain


def _sqlstate(error: pg8000.native.DatabaseError) -> str:
    fields = error.args[0] if error.args else None
    return str(fields.get("C", "XX000")) if isinstance(fields, dict) else "XX000"


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


def _broken(endpoint: Endpoint, reason: str) -> UnreachableError:
    return UnreachableError(
        f"{endpoint.host}:{endpoint.port} broke off ({reason}): check that the database is up, "
        "and that nothing between ends its connections."
    )


def _no_tls(endpoint: Endpoint) -> TlsError:
    return TlsError(
        f"{endpoint.host}:{endpoint.port} does not speak TLS: turn it on (ssl on the server, rds.force_ssl on RDS); "
        "the function never sends a password without it."
    )

"""What the failures of PostgreSQL, its driver and the network mean for a rotation.

Source: "PostgreSQL Error Codes", appendix A of its manual. A code that is not listed stands for its class, the first
two characters; the server's own text is never passed on, because it can quote a statement.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from rotating_rds_function.adapters.postgres_driver import DatabaseError, InterfaceError, ScramException
from rotating_rds_function.adapters.tls import reason_of
from rotating_rds_function.domain.errors import (
    AuthenticationError,
    InternalError,
    NotReadyError,
    PrivilegeError,
    RotationError,
    UnreachableError,
    WrongStateError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotating_rds_function.domain.endpoints import Endpoint

_Meaning = tuple[type[RotationError], str]

_WAIT = "wait for it, Secrets Manager tries again by itself"

_MEANINGS: Final[Mapping[str, _Meaning]] = MappingProxyType(
    {
        "28": (AuthenticationError, "does not accept the login: check user and password in the secret"),
        "28P01": (AuthenticationError, "does not accept the password: somebody may have changed it in the database"),
        "08": (UnreachableError, "reports a broken connection: check that nothing between ends connections"),
        "53": (NotReadyError, "is short of resources: look at its memory and storage"),
        "53300": (NotReadyError, "has no connection left: find out who holds them, or raise max_connections"),
        "57": (NotReadyError, f"was interrupted by an operator or a time-out: {_WAIT}"),
        "57014": (NotReadyError, "cancelled a statement that took too long: look at what its sessions wait for"),
        "57P01": (NotReadyError, f"is being shut down: {_WAIT}"),
        "57P02": (NotReadyError, f"is restarting after a crash: {_WAIT}"),
        "57P03": (NotReadyError, f"is starting up or shutting down: {_WAIT}"),
        "25006": (NotReadyError, "is read-only, as after a failover or on a reader: connect to the writer's endpoint"),
        "55P03": (NotReadyError, "did not grant the lock in time: another run of the rotation holds it"),
        "40": (NotReadyError, "undid the work because of another session's: it is tried again by itself"),
        "42": (
            WrongStateError,
            "does not understand a statement: check the test query and the statements that are deployed",
        ),
        **dict.fromkeys(
            ("42P01", "42703", "42704", "42883", "3F000"),
            (WrongStateError, "does not have what a statement names: check the name, and that it is made before"),
        ),
        "2BP01": (
            WrongStateError,
            "keeps what other things depend on: look in its other databases for what the role owns or may do",
        ),
        "42501": (PrivilegeError, "denies it: the user lacks a privilege that the rotation needs"),
        "3D000": (WrongStateError, "does not have the database: create it, or name another one in the deployment"),
    }
)


def translated(error: BaseException, endpoint: Endpoint) -> RotationError:
    """Return the typed error for whatever was raised, without a word of the driver's text."""
    if isinstance(error, RotationError):
        return error
    for cause in _chain(error):
        if isinstance(cause, DatabaseError):
            return _answered(_sqlstate(cause), f"{endpoint.host}:{endpoint.port}")
        if isinstance(cause, ScramException):
            return AuthenticationError(
                f"PostgreSQL at {endpoint.host}:{endpoint.port} did not complete the SCRAM exchange: "
                "check the password in the secret, which may hold characters that SASLprep prohibits."
            )
    for cause in _chain(error):
        if isinstance(cause, OSError):
            return broken(endpoint, reason_of(cause))
    if isinstance(error, InterfaceError) and str(error) == "network error":
        return broken(endpoint, "connection closed")
    return InternalError(
        f"The session with {endpoint.host}:{endpoint.port} failed with {type(error).__name__}: "
        "check that a PostgreSQL server listens there."
    )


def broken(endpoint: Endpoint, reason: str) -> RotationError:
    """Return the error for a connection that ended before its time."""
    return UnreachableError(
        f"{endpoint.host}:{endpoint.port} broke off ({reason}): check that the database is up, "
        "and that nothing between ends its connections."
    )


def _chain(error: BaseException | None) -> list[BaseException]:
    # The driver says good-bye when a login fails; on a connection that is gone already, that second failure hides the
    # server's answer.
    chain: list[BaseException] = []
    while error is not None and error not in chain:
        chain.append(error)
        error = error.__cause__ or error.__context__
    return chain


def _sqlstate(error: DatabaseError) -> str:
    fields = error.args[0] if error.args else None
    return str(fields.get("C", "XX000")) if isinstance(fields, dict) else "XX000"


def _answered(sqlstate: str, server: str) -> RotationError:
    kind, meaning = _MEANINGS.get(sqlstate) or _MEANINGS.get(
        sqlstate[:2], (InternalError, "failed in a way that the function does not expect: see the server's log")
    )
    return kind(f"PostgreSQL at {server} answered with SQLSTATE {sqlstate} and {meaning}.")

"""What PostgreSQL's error codes mean for a rotation.

Source: "PostgreSQL Error Codes", appendix A of its manual. A code that is not listed stands for its class, the first
two characters; the server's own text is never passed on, because it can quote a statement.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

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
        "42501": (PrivilegeError, "denies it: the user lacks a privilege that the rotation needs"),
        "3D000": (WrongStateError, "does not have the database: create it, or name another one in the deployment"),
    }
)


def error_for(sqlstate: str, server: str) -> RotationError:
    """Return the error that an answer of *server* stands for."""
    kind, meaning = _MEANINGS.get(sqlstate) or _MEANINGS.get(
        sqlstate[:2], (InternalError, "failed in a way that the function does not expect: see the server's log")
    )
    return kind(f"PostgreSQL at {server} answered with SQLSTATE {sqlstate} and {meaning}.")

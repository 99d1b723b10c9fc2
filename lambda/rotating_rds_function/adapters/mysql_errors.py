"""What the failures of MySQL, MariaDB, their driver and the network mean for a rotation.

Sources: "Server Error Message Reference" and "Client Error Message Reference" of MySQL's manual, "MariaDB Error Code
Reference". The server's own text is never passed on, because it can quote a statement.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import pymysql.err

from rotating_rds_function.adapters.tls import reason_of
from rotating_rds_function.domain.errors import (
    AuthenticationError,
    ConfigurationError,
    InternalError,
    NotReadyError,
    PrivilegeError,
    RefusedError,
    RotationError,
    TlsError,
    UnreachableError,
    WrongStateError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotating_rds_function.domain.endpoints import Endpoint

_Meaning = tuple[type[RotationError], str]

CURRENT_PASSWORD_NEEDED: Final = 3892
ACCESS_DENIED: Final = 1045
ACCESS_DENIED_TO_STATEMENT: Final = 1227

_WAIT = "wait for it, Secrets Manager tries again by itself"

_LOCKED: Final[_Meaning] = (AuthenticationError, "has locked the account: find out who did, then unlock it")
_EXPIRED: Final[_Meaning] = (
    AuthenticationError,
    "has let the password expire: have an administrator set it, or keep it from expiring between rotations",
)
_FULL: Final[_Meaning] = (NotReadyError, "has no connection left: find out who holds them, or raise the limit")
_SHUTDOWN: Final[_Meaning] = (NotReadyError, f"is shutting down or ended the session: {_WAIT}")
_READ_ONLY: Final[_Meaning] = (
    NotReadyError,
    "is read-only, as after a failover or on a reader: connect to the writer's endpoint",
)
_TIMED_OUT: Final[_Meaning] = (
    NotReadyError,
    "gave up on a statement that waited too long: look at what its sessions wait for",
)
_SHORT: Final[_Meaning] = (NotReadyError, "is short of resources: look at its memory and storage")
_DENIED: Final[_Meaning] = (PrivilegeError, "denies it: the user lacks a privilege that the rotation needs")
_GONE: Final[_Meaning] = (WrongStateError, "knows no such user, role or object: somebody removed it meanwhile")
_POLICY: Final[_Meaning] = (
    WrongStateError,
    "does not accept the password: its rules ask for another kind, or its history forbids it; change that policy",
)
_HOST: Final[_Meaning] = (AuthenticationError, "lets nobody in from the function's address: check the user's host part")

_MEANINGS: Final[Mapping[int, _Meaning]] = MappingProxyType(
    {
        1044: _DENIED,
        1142: _DENIED,
        1143: _DENIED,
        ACCESS_DENIED_TO_STATEMENT: _DENIED,
        1370: _DENIED,
        1410: _DENIED,
        1698: _DENIED,
        ACCESS_DENIED: (
            AuthenticationError,
            "does not accept the password: somebody may have changed it in the database",
        ),
        1130: _HOST,
        1862: _EXPIRED,
        1820: _EXPIRED,
        3118: _LOCKED,
        3955: _LOCKED,
        4151: _LOCKED,
        4003: _LOCKED,
        1040: _FULL,
        1203: _FULL,
        1226: _FULL,
        1129: (NotReadyError, "blocks the function's address after failed connections: run FLUSH HOSTS there"),
        1053: _SHUTDOWN,
        1077: _SHUTDOWN,
        1079: _SHUTDOWN,
        1317: _SHUTDOWN,
        1927: _SHUTDOWN,
        3169: _SHUTDOWN,
        4031: _SHUTDOWN,
        1290: _READ_ONLY,
        1792: _READ_ONLY,
        1836: _READ_ONLY,
        3100: _READ_ONLY,
        1205: _TIMED_OUT,
        1213: _TIMED_OUT,
        1969: _TIMED_OUT,
        3024: _TIMED_OUT,
        1021: _SHORT,
        1037: _SHORT,
        1041: _SHORT,
        1114: _SHORT,
        1135: _SHORT,
        1049: (WrongStateError, "does not have the database: create it, or name another one in the deployment"),
        1064: (
            ConfigurationError,
            "does not understand a statement: check the test query and the statements that are deployed",
        ),
        1193: (ConfigurationError, "does not know a setting of the engine: deploy the engine that it is"),
        1133: _GONE,
        1146: _GONE,
        1305: _GONE,
        1141: _GONE,
        1147: _GONE,
        1396: _GONE,
        1403: _GONE,
        1959: _GONE,
        3523: _GONE,
        3530: _GONE,
        1819: _POLICY,
        3638: _POLICY,
        CURRENT_PASSWORD_NEEDED: (WrongStateError, "asks for the current password to change it"),
        3891: (WrongStateError, "asks for the primary password to change it, and got another one"),
        1251: (RefusedError, "authenticates the user by a plugin that the function does not speak: use a password"),
        2059: (RefusedError, "authenticates the user by a plugin that the function does not speak: use a password"),
        2026: (TlsError, "does not speak TLS: turn it on; the function never sends a password without it"),
        3159: (TlsError, "insists on TLS, and took the connection for one without"),
    }
)

_BROKEN: Final = frozenset({2003, 2006, 2013})


def code_of(error: BaseException) -> int | None:
    """Return the error number of an answer or of the driver; None if there is none."""
    if isinstance(error, pymysql.err.MySQLError) and error.args and isinstance(error.args[0], int):
        return error.args[0]
    return None


def translated(error: BaseException, endpoint: Endpoint, *, logged_in: bool = False) -> RotationError:
    """Return the typed error for whatever was raised, without a word of the driver's text.

    :param logged_in: whether a statement was answered, or a login.
    """
    if isinstance(error, RotationError):
        return error
    server = f"{endpoint.host}:{endpoint.port}"
    network = _network_error(error)
    code = code_of(error)
    if code in _BROKEN or network is not None:
        reason = "connection closed" if network is None else reason_of(network)
        return UnreachableError(
            f"{server} broke off ({reason}): check that the database is up, and that nothing between ends its "
            "connections."
        )
    if code is None:
        return InternalError(
            f"The session with {server} failed with {type(error).__name__}: check that a MySQL or MariaDB server "
            "listens there."
        )
    if logged_in and code == ACCESS_DENIED:
        code = ACCESS_DENIED_TO_STATEMENT  # what somebody hears who grants on everything what they may not
    kind, meaning = _MEANINGS.get(
        code,
        (InternalError, "failed in a way that the function does not expect: see the server's log"),
    )
    return kind(f"The database at {server} answered with error {code} and {meaning}.")


def _network_error(error: BaseException | None) -> OSError | None:
    # The driver keeps what the network raised as an attribute while it connects, and as the context afterwards.
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        if isinstance(error, OSError):
            return error
        seen.append(error)
        error = getattr(error, "original_exception", None) or error.__cause__ or error.__context__
    return None

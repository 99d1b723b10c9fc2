"""Who gets the next password, and who sets it. A strategy is one class here and one row in the table."""

from __future__ import annotations

from contextlib import closing
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol

from rotating_rds_function.domain.errors import AuthenticationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotating_rds_function.domain.credentials import SecretValue
    from rotating_rds_function.domain.ports import Database, DatabaseSession
    from rotating_rds_function.domain.staged import StagedValues


class Strategy(Protocol):
    """One way to replace a credential."""

    def successor(self, current: SecretValue, password: str) -> SecretValue:
        """Return the value that shall follow *current*."""

    def set_password(self, values: StagedValues, database: Database) -> None:
        """Make the pending value log in. Idempotent; safe beside another run of itself."""


class SingleUser:
    """The user changes their own password.

    A user has one password, so that exactly one of the labelled values logs in:

    =====================  ==========================================================================
    AWSCURRENT logs in     the healthy case, therefore tried first: no failed login, one connection
    AWSPENDING logs in     an earlier run got this far: nothing is left to do
    AWSPREVIOUS logs in    the database was restored from an older snapshot: set the pending one
    none                   out of our hands: AuthenticationError, with the remedy
    =====================  ==========================================================================

    The pending value is read *under the lock*. A run that was held up for so long that another rotation took over
    finds its label gone then, and cannot set a password that nobody will ever read.
    """

    def successor(self, current: SecretValue, password: str) -> SecretValue:
        """Return *current* with the new password: the user stays."""
        return current.with_password(password)

    def set_password(self, values: StagedValues, database: Database) -> None:
        """Log in as whoever still can, and set the pending password."""
        session = _login(database, values.current())
        if session is None and _logs_in(database, values.pending()):
            return
        session = session or _login(database, values.previous())
        if session is None:
            raise AuthenticationError(
                "Neither the AWSCURRENT, nor the AWSPENDING, nor the AWSPREVIOUS value logs in to the database: "
                "somebody changed the password there; put the working one as AWSCURRENT with PutSecretValue, "
                "or reset a master user's with ModifyDBInstance, then rotate again."
            )
        with closing(session):
            session.lock(values.target.username)
            session.set_password(values.target.username, values.pending().password)


STRATEGIES: Final[Mapping[str, Strategy]] = MappingProxyType({"single_user": SingleUser()})
"""Name, as the deployment writes it into a secret's tag, to strategy."""


def _login(database: Database, value: SecretValue | None) -> DatabaseSession | None:
    if value is None:
        return None
    try:
        return database.login(value.username, value.password)
    except AuthenticationError:
        return None


def _logs_in(database: Database, value: SecretValue) -> bool:
    session = _login(database, value)
    if session is not None:
        session.close()
    return session is not None

"""The user changes their own password."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final

from rotating_rds_function.domain.errors import AuthenticationError
from rotating_rds_function.domain.strategies.logins import login, logs_in, try_pending

if TYPE_CHECKING:
    from rotating_rds_function.domain.credentials import SecretValue
    from rotating_rds_function.domain.ports import Database
    from rotating_rds_function.domain.staged import StagedValues
    from rotating_rds_function.domain.targets import Target


class SingleUser:
    """The user changes their own password.

    A user has one password, so that exactly one of the labelled values logs in:

    =====================  ==========================================================================
    AWSCURRENT logs in     the healthy case, therefore tried first: no failed login, one connection
    AWSPENDING logs in     an earlier run got this far: nothing is left to do
    AWSPREVIOUS logs in    the database was restored from an older snapshot, or AWSCURRENT was edited
                           by hand: set the pending one
    none                   out of our hands: AuthenticationError, with the remedy
    =====================  ==========================================================================

    The pending value is read *under the lock*. A run that was held up for so long that another rotation took over
    finds its label gone then, and cannot set a password that nobody will ever read.
    """

    administered: Final = False
    alternates: Final = False

    def successor(self, current: SecretValue, password: str, target: Target) -> SecretValue:  # noqa: ARG002 - the port's
        """Return *current* with the new password: the user stays."""
        return current.with_password(password)

    def set_password(self, values: StagedValues, database: Database) -> None:
        """Log in as whoever still can, and set the pending password."""
        session = login(database, values.current())
        if session is None and logs_in(database, values.pending()):
            return
        session = session or login(database, values.previous())
        if session is None:
            raise AuthenticationError(
                "Neither the AWSCURRENT, nor the AWSPENDING, nor the AWSPREVIOUS value logs in to the database: if "
                "somebody took AWSPENDING off a version whose password was set already, put that label back with "
                "UpdateSecretVersionStage; if somebody changed the password in the database, put it as AWSCURRENT "
                "with PutSecretValue, or reset a master user's with ModifyDBInstance; then rotate again."
            )
        with closing(session):
            session.lock(values.target.username)
            session.replace_password(values.target.username, values.pending().password)

    def test(self, values: StagedValues, database: Database) -> None:
        """Log in as pending, and run the query."""
        try_pending(values, database)

    def retire(self, values: StagedValues, database: Database) -> None:
        """Do nothing: the old password was replaced."""

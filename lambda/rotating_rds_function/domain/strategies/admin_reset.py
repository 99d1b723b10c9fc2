"""An administrator changes the user's password."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final

from rotating_rds_function.domain.strategies.logins import log_in_as_administrator, try_pending

if TYPE_CHECKING:
    from rotating_rds_function.domain.credentials import SecretValue
    from rotating_rds_function.domain.ports import Database
    from rotating_rds_function.domain.staged import StagedValues
    from rotating_rds_function.domain.targets import Target


class AdminReset:
    """An administrator changes the user's password, whatever it is by now.

    None of the user's values has to log in, so that every state is the same one:

    =====================================  ==================================================================
    AWSCURRENT logs in, or does not        it is set beside the pending one where the engine has secondary
                                           passwords; elsewhere the pending one replaces it
    AWSPENDING logs in                     the same again, which changes nothing
    another password than a labelled one   the same: this is the strategy that recovers drift
    AWSPENDING moved to another version    the run was held up: it changes nothing
    the administrator does not log in      AdministratorError, repeated for a few seconds: its own rotation may
                                           be under way
    =====================================  ==================================================================

    Every value is held against the deployment before anything connects, and read again under the lock: another run
    may have ended meanwhile, or a person have put a working value.
    """

    administered: Final = True
    alternates: Final = False

    def successor(self, current: SecretValue, password: str, target: Target) -> SecretValue:  # noqa: ARG002 - the port's
        """Return *current* with the new password: the user stays."""
        return current.with_password(password)

    def set_password(self, values: StagedValues, database: Database) -> None:
        """Have the administrator set the pending password, and keep the current one where that is possible."""
        _, _, administrator = values.current(), values.pending(), values.administrator()
        username = values.target.username
        with closing(log_in_as_administrator(database, administrator)) as session:
            session.refuse_protected(username)
            session.check_administrator(username, None)
            session.lock(username)
            current, pending = values.current(), values.pending()
            session.replace_password(username, pending.password, keep=current.password)

    def test(self, values: StagedValues, database: Database) -> None:
        """Log in as pending, and run the query."""
        try_pending(values, database)

    def retire(self, values: StagedValues, database: Database) -> None:
        """Discard the old password at once, if that is what the deployment asks for."""
        if values.target.retain_for or not database.retains_passwords:
            return
        username = values.target.username
        with closing(log_in_as_administrator(database, values.administrator())) as session:
            session.refuse_protected(username)
            session.lock(username)
            # Under the lock and still labelled: no rotation begun since retains what is discarded here.
            values.pending()
            session.discard_retained(username)

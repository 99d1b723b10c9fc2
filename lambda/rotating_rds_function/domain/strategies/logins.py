"""Logging in with values of a secret, as strategies need it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from rotating_rds_function.domain.errors import AdministratorError, AuthenticationError

if TYPE_CHECKING:
    from rotating_rds_function.domain.credentials import SecretValue
    from rotating_rds_function.domain.ports import Database, DatabaseSession
    from rotating_rds_function.domain.staged import StagedValues


def login(database: Database, value: SecretValue | None) -> DatabaseSession | None:
    """Return a session, or None if the database does not know the value."""
    if value is None:
        return None
    try:
        return database.login(value.username, value.password)
    except AuthenticationError:
        return None


def logs_in(database: Database, value: SecretValue) -> bool:
    """Tell whether the database knows the value."""
    session = login(database, value)
    if session is not None:
        session.close()
    return session is not None


def log_in_as_administrator(database: Database, administrator: SecretValue) -> DatabaseSession:
    """Return the administrator's session.

    :raises AdministratorError: if the database does not know their credential.
    """
    session = login(database, administrator)
    if session is None:
        raise AdministratorError(
            "The administrator's AWSCURRENT value does not log in to the database: if its own rotation is not just "
            "under way, rotate the administrator's secret, or put the working password there, then rotate again."
        )
    return session


def try_pending(values: StagedValues, database: Database) -> SecretValue:
    """Log in as pending, run the deployment's query, and return the value."""
    pending = values.pending()
    with closing(database.login(pending.username, pending.password)) as session:
        session.verify(values.target.test_query)
    return pending

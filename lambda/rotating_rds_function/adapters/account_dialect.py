"""What MySQL and MariaDB say differently about accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rotating_rds_function.adapters.account_changes import Change
    from rotating_rds_function.adapters.accounts import Account


class Dialect(Protocol):
    """How an engine says what the other one says differently.

    :param plugins: authentication plugins whose password the function can set; the first one is for new accounts.
    :param protected: privileges on everything, static or dynamic, by which a user administers others or the server.
    """

    plugins: Sequence[str]
    protected: Collection[str]

    def create_locked(self, account: Account, plugin: str) -> str:
        """Return the statement that makes an account which nobody can log in to."""

    def default_roles(self, account: Account, roles: Collection[Account]) -> Change:
        """Return the change that leaves an account with these default roles."""

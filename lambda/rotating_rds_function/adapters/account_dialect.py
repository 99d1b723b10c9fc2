"""What MySQL and MariaDB say differently about accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection

    from rotating_rds_function.adapters.account_changes import Change
    from rotating_rds_function.adapters.accounts import Account


SHUT: Final = "PASSWORD EXPIRE ACCOUNT LOCK"
"""How accounts are locked that wait for a password, so that it can be told from how an operator locks them."""


class Dialect(Protocol):
    """How an engine says what the other one says differently.

    :param plugins: authentication plugins whose password the function can set.
    :param longest_name: characters that a user name may have.
    :param protected: privileges on everything, static or dynamic, by which a user administers others or the server.
    """

    plugins: Collection[str]
    longest_name: int
    protected: Collection[str]

    def create(self, account: Account, plugin: str, options: str) -> str:
        """Return the statement that makes an account with a password that nobody can have."""

    def default_roles(self, account: Account, roles: Collection[Account]) -> Change:
        """Return the change that leaves an account with these default roles."""

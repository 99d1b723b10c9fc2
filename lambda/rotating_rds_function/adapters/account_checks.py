"""What an account has to be like before anybody works on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotating_rds_function.domain.errors import WrongStateError
from rotating_rds_function.domain.wording import shown

if TYPE_CHECKING:
    from collections.abc import Collection

    from rotating_rds_function.adapters.account_dialect import Dialect
    from rotating_rds_function.adapters.accounts import Account, AccountState


def only(username: str, users: Collection[Account]) -> Account:
    """Return the one account of a user.

    :raises WrongStateError: if there is none, or several that differ in their host part.
    """
    accounts = [account for account in users if account.user == username]
    if not accounts:
        raise WrongStateError(f"The database has no user {shown(username)}: create it, or deploy another name.")
    if len(accounts) > 1:
        raise WrongStateError(
            f"The user {shown(username)} exists with several host parts ({', '.join(map(str, accounts))}), and a "
            "secret is about one account: drop the others, or give them names of their own."
        )
    return accounts[0]


def check_plugin(state: AccountState, dialect: Dialect) -> None:
    """Make sure that an account logs in by a password, and would not get one only now.

    :raises WrongStateError: if it does not.
    """
    if state.plugin not in dialect.plugins:
        raise WrongStateError(
            f"The user {shown(state.account.user)} is authenticated by {state.plugin}, where a password needs one of "
            f"{', '.join(dialect.plugins)}: change how it logs in."
        )

"""Reading accounts from the grant tables of MySQL and MariaDB, which an administrator of RDS may read.

Never from SHOW GRANTS and SHOW CREATE USER, whose text depends on settings and, on MariaDB, quotes password hashes.
"""

from __future__ import annotations

import abc
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from rotating_rds_function.adapters import grant_tables
from rotating_rds_function.adapters.accounts import EVERYWHERE, Account, AccountState, Privilege, Scope, Thing
from rotating_rds_function.adapters.grant_tables import account_of
from rotating_rds_function.domain.errors import PrivilegeError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from rotating_rds_function.adapters.mysql_connection import MySqlConnection, Row

_GLOBAL: Final = (
    *("Select", "Insert", "Update", "Delete", "Create", "Drop", "Reload", "Shutdown", "Process", "File", "Grant"),
    *("References", "Index", "Alter", "Show_db", "Super", "Create_tmp_table", "Lock_tables", "Execute", "Repl_slave"),
    *("Repl_client", "Create_view", "Show_view", "Create_routine", "Alter_routine", "Create_user", "Event", "Trigger"),
    "Create_tablespace",
)

COLUMNS: Final = (
    *("User", "Host", "plugin", "ssl_type", "ssl_cipher", "x509_issuer", "x509_subject"),
    *("max_questions", "max_updates", "max_connections", "max_user_connections"),
    *(f"{name}_priv" for name in _GLOBAL),
)
"""The columns of mysql.user that both engines have and that tell no password's hash."""


class Catalogue(abc.ABC):
    """The accounts of one server, as the user of a session may read them."""

    def __init__(self, connection: MySqlConnection) -> None:
        self._connection = connection

    def rows(self, query: str) -> list[Row]:
        """Run a query on the server's own tables.

        :raises PrivilegeError: naming what the session's user lacks for it.
        """
        try:
            return self._connection.run(query)
        except PrivilegeError:
            pass
        raise PrivilegeError(
            "The administrator lacks SELECT on `mysql`.*, by which accounts are compared and recognised: grant it; "
            "nothing was changed."
        )

    @abc.abstractmethod
    def users(self, *names: str) -> list[Account]:
        """Return the accounts of these user names, one for each host part."""

    @abc.abstractmethod
    def acting(self) -> list[AccountState]:
        """Return the session's own account and the roles that it acts in."""

    @abc.abstractmethod
    def _rows(self, accounts: Collection[Account]) -> Iterable[Row]:
        """Return rows of mysql.user, with at least COLUMNS."""

    @abc.abstractmethod
    def _state(self, row: Row) -> AccountState:
        """Return what such a row tells."""

    @abc.abstractmethod
    def _own_privileges(self, accounts: Collection[Account]) -> Iterator[tuple[Account, Privilege]]:
        """Return global privileges that are in no column of mysql.user."""

    @abc.abstractmethod
    def _own_things(self, accounts: Collection[Account]) -> Iterator[tuple[Account, Thing, bool]]:
        """Return role memberships, and dynamic privileges where there are some."""

    @abc.abstractmethod
    def _default_roles(self, accounts: Collection[Account]) -> Iterator[tuple[Account, Account]]:
        """Return accounts and their default roles."""

    def myself(self) -> Account:
        """Return the account as which the session was let in."""
        (row,) = self.rows("SELECT CURRENT_USER() AS account")
        user, _, host = row["account"].rpartition("@")
        return Account(user, host)

    def read(self, *accounts: Account, everywhere_only: bool = False) -> dict[Account, AccountState]:
        """Return those of the accounts that exist.

        :param everywhere_only: leave out what is held on anything less than everything, and default roles.
        """
        if not accounts:
            return {}
        privileges: grant_tables.Privileges = defaultdict(set)
        defaults: dict[Account, set[Account]] = defaultdict(set)
        if not everywhere_only:
            grant_tables.read_privileges(self.rows, accounts, into=privileges)
            for account, role in self._default_roles(accounts):
                defaults[account].add(role)
        for account, privilege in self._own_privileges(accounts):
            privileges[account].add(privilege)
        things, absent = self._things(accounts), self._absent(privileges)
        return {
            account: self._state(row).holding(
                privileges[account] | set(grant_tables.privileges_in(row, EVERYWHERE)),
                things[account],
                defaults[account],
                absent,
            )
            for row in self._rows(accounts)
            if (account := account_of(row)) in accounts
        }

    def with_roles(
        self, account: Account, roles: Iterable[Account] | None = None, *, everywhere_only: bool = False
    ) -> list[AccountState]:
        """Return an account and all roles that it gets privileges from, also those of its roles.

        :param roles: the first ones to look at; those that it is a member of by default.
        :param everywhere_only: see read().
        """
        found = self.read(account, everywhere_only=everywhere_only)
        wanted = _roles_of(found.values()) if roles is None else frozenset(roles)
        while wanted - found.keys():
            more = self.read(*wanted - found.keys(), everywhere_only=everywhere_only)
            found |= more
            wanted = _roles_of(more.values())  # of those that were found: one that does not exist ends the search
        return list(found.values())

    def _things(self, accounts: Collection[Account]) -> dict[Account, dict[Thing, bool]]:
        things: dict[Account, dict[Thing, bool]] = defaultdict(dict)
        for source in (grant_tables.read_proxies(self.rows, accounts), self._own_things(accounts)):
            for account, thing, option in source:
                things[account][thing] = option
        return things

    def _absent(self, privileges: grant_tables.Privileges) -> frozenset[Scope]:
        scopes = {privilege.scope for held in privileges.values() for privilege in held}
        return grant_tables.read_absent(self.rows, scopes)


def _roles_of(states: Iterable[AccountState]) -> frozenset[Account]:
    return frozenset(role for state in states for role in state.roles)

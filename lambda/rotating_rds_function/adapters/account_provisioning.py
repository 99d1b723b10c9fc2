"""Users of MySQL and MariaDB as a deployment declares them: accounts made, and given exactly their privileges.

What a level means is a set of privileges on a database. What statements mean only the server knows: they are run for
an account that nobody can log in to first, which is read and dropped. So a statement that fails has changed no user,
and a user keeps at every moment what it has before and after.

Exactly means: privileges, roles and the right to hand them on that somebody granted by hand are taken back. How an
account that has existed before logs in, from where and how often, is left alone.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from rotating_rds_function.adapters.account_changes import CREATE_USER, changes
from rotating_rds_function.adapters.account_checks import check_plugin, only
from rotating_rds_function.adapters.account_dialect import SHUT
from rotating_rds_function.adapters.account_levels import needs, privileges, to_make
from rotating_rds_function.adapters.accounts import Account, AccountState
from rotating_rds_function.adapters.declared_statements import run_statements
from rotating_rds_function.adapters.grant_tables import read_definers
from rotating_rds_function.adapters.mysql_text import identifier
from rotating_rds_function.domain.errors import WrongStateError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rotating_rds_function.adapters.account_catalogue import Catalogue
    from rotating_rds_function.adapters.account_changes import Change
    from rotating_rds_function.adapters.account_dialect import Dialect
    from rotating_rds_function.adapters.account_powers import Powers
    from rotating_rds_function.domain.access import UserAccess

_ANYWHERE: Final = "%"
_PASSES: Final = 2  # as for pairs: some statements do more than they say


class AccountProvisioning:
    """Makes and removes users; never touches a password.

    :param powers: of the administrator.
    :param run: runs a statement.
    :param plugin: authenticates new accounts.
    """

    def __init__(
        self, catalogue: Catalogue, dialect: Dialect, powers: Powers, run: Callable[[str], object], *, plugin: str
    ) -> None:
        self._catalogue = catalogue
        self._dialect = dialect
        self._powers = powers
        self._run = run
        self._plugin = plugin

    def provision(self, user: UserAccess) -> AccountState | None:
        """Make a user's accounts what is declared.

        :returns: the first login as it will be once it has got its password, which it waits for; None if it has one.
        """
        states = self._states(user.logins)
        is_missing = not states or states[0].account.user != user.logins[0]
        if is_missing:
            states.insert(0, self._first(user.logins[0]))
        first = states[0]
        self._check_first(first)
        self._make_databases(user)
        declared = self._declared(user)
        self._powers.demand(
            need for state in states for change in self._changes(declared, state) for need in change.needs
        )
        if is_missing:
            self._run(self._dialect.create(first.account, first.plugin, f"REQUIRE SSL {SHUT}"))
        for state in states:
            self._make(state.account, declared)
            run_statements(self._run, user.statements, str(state.account))
        return AccountState(first.account, first.plugin) if first.awaits_password else None

    def shut_out(self, username: str) -> None:
        """See DatabaseSession."""
        self._run(f"ALTER USER {only(username, self._catalogue.users(username))} {SHUT}")

    def remove(self, user: UserAccess) -> None:
        """Drop a user's accounts; shut out the ones in whose name views or routines run, for those would break."""
        self._run(f"DROP USER IF EXISTS {_trial(user)}")
        for state in self._states(user.logins):
            if read_definers(self._catalogue.rows, state.account):
                self.shut_out(state.account.user)
            else:
                self._run(f"DROP USER {state.account}")

    def _states(self, logins: Sequence[str]) -> list[AccountState]:
        """Return the logins that exist."""
        users = self._catalogue.users(*logins)
        names = [login for login in logins if any(account.user == login for account in users)]
        accounts = [only(name, users) for name in names]
        read = self._catalogue.read(*accounts)
        return [read[account] for account in accounts]

    def _first(self, login: str) -> AccountState:
        """Return what an account will be when it has been made."""
        return AccountState(Account(login, _ANYWHERE), self._plugin, locked=True, awaits_password=True)

    def _check_first(self, first: AccountState) -> None:
        check_plugin(first, self._dialect)
        if first.locked and not first.awaits_password:
            raise WrongStateError(
                f"The account {first.account} is locked: find out who locked the user and why, then unlock it and "
                "deploy again."
            )

    def _make_databases(self, user: UserAccess) -> None:
        rows = self._catalogue.rows("SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA")
        missing = user.schemas.keys() - {row["name"] for row in rows}
        self._powers.demand({CREATE_USER, *needs(user.schemas), *to_make(missing)})
        for database in sorted(missing):
            self._run(f"CREATE DATABASE IF NOT EXISTS {identifier(database)}")

    def _declared(self, user: UserAccess) -> AccountState:
        """Return what every login of the user has to have, and to be no less and no more."""
        given = self._given(user)
        return given.holding(
            given.privileges | privileges(user.schemas), given.things, given.default_roles, given.absent
        )

    def _given(self, user: UserAccess) -> AccountState:
        """Return what the statements give to an account that has nothing."""
        account = _trial(user)
        if self._catalogue.users(account.user):  # a run that was killed has left it
            self._run(f"DROP USER {account}")
        if not user.statements:
            return AccountState(account)
        self._run(self._dialect.create(account, self._plugin, "ACCOUNT LOCK"))
        try:
            run_statements(self._run, user.statements, str(account))
            state = self._catalogue.read(account)[account]
        finally:
            self._run(f"DROP USER {account}")
        # What statements say about how the user logs in, they say for each login themselves.
        return AccountState(account, restrictions=state.restrictions).holding(
            state.privileges, state.things, state.default_roles, state.absent
        )

    def _make(self, account: Account, declared: AccountState) -> None:
        for _ in range(_PASSES):
            needed = self._changes(declared, self._catalogue.read(account)[account])
            for change in needed:
                self._run(change.statement)
            if not needed:
                break

    def _changes(self, declared: AccountState, state: AccountState) -> list[Change]:
        return changes(declared, state, self._dialect.default_roles)


def _trial(user: UserAccess) -> Account:
    """Return an account of the user's own for trying statements; a run that was killed leaves it to the next one."""
    digest = hashlib.sha256(min(user.logins).encode()).hexdigest()
    return Account(f"rotating-rds/{digest[:16]}", _ANYWHERE)

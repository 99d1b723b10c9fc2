"""Users of MySQL and MariaDB as a deployment declares them: accounts made and given exactly their privileges.

What a level means is a set of privileges on a database. What statements mean only the server knows: they are run for
an account that nobody can log in to first, which is read and dropped. So a statement that fails has changed nothing,
and a user keeps at every moment what it has before and after. Privileges that were granted by hand are taken back.
"""

from __future__ import annotations

import hashlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from rotating_rds_function.adapters.account_changes import changes
from rotating_rds_function.adapters.accounts import Account, AccountState, Privilege, Scope
from rotating_rds_function.adapters.mysql_text import identifier
from rotating_rds_function.domain.access import Level
from rotating_rds_function.domain.errors import PrivilegeError, WrongStateError
from rotating_rds_function.domain.wording import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rotating_rds_function.adapters.account_catalogue import Catalogue
    from rotating_rds_function.adapters.account_dialect import Dialect
    from rotating_rds_function.adapters.account_powers import Powers
    from rotating_rds_function.domain.access import UserAccess

_ANYWHERE: Final = "%"
_PASSES: Final = 2  # as for pairs: some statements do more than they say
_READ: Final = ("SELECT", "SHOW VIEW")
_WRITE: Final = (*_READ, "INSERT", "UPDATE", "DELETE", "EXECUTE", "CREATE TEMPORARY TABLES", "LOCK TABLES")
_CHANGE: Final = (
    *_WRITE,
    *("CREATE", "ALTER", "DROP", "INDEX", "REFERENCES", "TRIGGER", "EVENT"),
    *("CREATE VIEW", "CREATE ROUTINE", "ALTER ROUTINE"),
)
_LEVELS: Final[Mapping[Level, tuple[str, ...]]] = MappingProxyType(
    {Level.READ_ONLY: _READ, Level.READ_WRITE: _WRITE, Level.DDL: _CHANGE}
)


class AccountProvisioning:
    """Makes and removes users; never touches a password.

    :param powers: of the administrator.
    :param run: runs a statement.
    """

    def __init__(self, catalogue: Catalogue, dialect: Dialect, powers: Powers, run: Callable[[str], object]) -> None:
        self._catalogue = catalogue
        self._dialect = dialect
        self._powers = powers
        self._run = run

    def provision(self, user: UserAccess) -> AccountState | None:
        """See AccountAdministration."""
        for database in user.schemas:
            self._run(f"CREATE DATABASE IF NOT EXISTS {identifier(database)}")
        accounts = list(self._accounts(user))
        made = None
        if not accounts or accounts[0].user != user.logins[0]:
            made = AccountState(Account(user.logins[0], _ANYWHERE), plugin=self._dialect.plugins[0])
            self._run(self._dialect.create_locked(made.account, made.plugin))
            accounts.insert(0, made.account)
        declared = self._declared(user)
        for account in accounts:
            self._make(account, declared)
            for statement in user.statements:
                self._run(_about(statement, account))
        return made

    def remove(self, user: UserAccess) -> None:
        """See AccountAdministration."""
        for account in self._accounts(user):
            self._run(f"DROP USER {account}")

    def _accounts(self, user: UserAccess) -> Iterator[Account]:
        """Return the logins that exist, in the user's order."""
        there = self._catalogue.users(*user.logins)
        for login in user.logins:
            found = [account for account in there if account.user == login]
            if len(found) > 1:
                raise WrongStateError(
                    f"The user {shown(login)} exists with several host parts ({', '.join(map(str, found))}), and a "
                    "declared user is one account: drop the others."
                )
            yield from found

    def _declared(self, user: UserAccess) -> AccountState:
        """Return what every login of the user has to have."""
        levels = {
            Privilege(Scope(_escaped(database)), name)
            for database, level in user.schemas.items()
            for name in _LEVELS[level]
        }
        extra = self._measured(user)
        return AccountState(
            extra.account,
            properties={"tls": "REQUIRE SSL"},
            privileges=extra.privileges | levels,
            restrictions=extra.restrictions,
            things=extra.things,
            default_roles=extra.default_roles,
            absent=extra.absent,
        )

    def _measured(self, user: UserAccess) -> AccountState:
        """Return what the statements give to an account that has nothing."""
        # A name of its own for each user: what a killed run left behind is what the next one begins with dropping.
        name = hashlib.sha256(user.logins[0].encode()).hexdigest()[:16]
        account = Account(f"provisioning-{name}", _ANYWHERE)
        if not user.statements:
            return AccountState(account)
        self._run(f"DROP USER IF EXISTS {account}")
        self._run(self._dialect.create_locked(account, self._dialect.plugins[0]))
        try:
            for statement in user.statements:
                self._run(_about(statement, account))
            return self._catalogue.read(account)[account]
        finally:
            self._run(f"DROP USER IF EXISTS {account}")

    def _make(self, account: Account, declared: AccountState) -> None:
        for _ in range(_PASSES):
            state = self._catalogue.read(account)[account]
            needed = changes(declared, state, self._dialect.default_roles)
            missing = self._powers.missing({need for change in needed for need in change.needs})
            if missing:
                raise PrivilegeError(
                    f"The administrator lacks {'; '.join(missing)}: grant it, with grant option where it is to be "
                    "handed on; the user was not changed."
                )
            for change in needed:
                self._run(change.statement)
            if not needed:
                break


def _about(statement: str, account: Account) -> str:
    return statement.replace("{grantee}", str(account))


def _escaped(database: str) -> str:
    """Return a database's name as the pattern that matches it alone."""
    return database.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%")

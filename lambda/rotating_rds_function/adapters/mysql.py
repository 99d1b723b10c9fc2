"""MySQL: passwords in statements that the server keeps out of its logs, and a second password beside the first."""

from __future__ import annotations

import secrets
import string
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final

from rotating_rds_function.adapters.account_administration import AccountAdministration
from rotating_rds_function.adapters.account_changes import CREATE_USER, Change
from rotating_rds_function.adapters.mysql_catalogue import MySqlCatalogue
from rotating_rds_function.adapters.mysql_errors import ACCESS_DENIED_TO_STATEMENT, CURRENT_PASSWORD_NEEDED
from rotating_rds_function.adapters.mysql_family import MySqlFamily, MySqlFamilySession, refuse_server
from rotating_rds_function.adapters.mysql_text import literal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from rotating_rds_function.adapters.accounts import Account
    from rotating_rds_function.adapters.limits import Limits
    from rotating_rds_function.adapters.mysql_connection import MySqlConnection

_OLDEST: Final = 8  # major version
_LONGEST_NAME: Final = 32


class MySql(MySqlFamily):
    """One MySQL server, 8.0.14 or newer: since then an account can have two passwords."""

    retains_passwords: ClassVar[bool] = True
    longest_name: ClassVar[int] = _LONGEST_NAME

    def _settings(self, limits: Limits) -> Mapping[str, str]:
        return {"max_execution_time": f"{limits.statement * 1000:.0f}", "transaction_read_only": "0"}

    def _session(self, connection: MySqlConnection, username: str, password: str) -> MySqlSession:
        administration = AccountAdministration(MySqlCatalogue(connection), MySqlDialect(), connection.run)
        return MySqlSession(connection, administration, username=username, password=password, deadline=self._deadline)


class MySqlSession(MySqlFamilySession):
    """A session of one user. Made by MySql.login().

    Passwords are sent in ALTER USER, which MySQL itself rewrites before anything is logged. RETAIN takes no hash, and a
    hash would pass by the password policy.
    """

    def _check_version(self, version: str) -> None:
        major = version.partition(".")[0]
        if "mariadb" in version.lower() or not major.isdigit() or int(major) < _OLDEST:
            raise refuse_server("mysql", version, "MySQL 8.0.14 or newer")

    def _set_own_password(self, password: str) -> None:
        change = f"ALTER USER CURRENT_USER() IDENTIFIED BY {literal(password)}"
        # Asked for by password_require_current. Never sent unasked: it must be the primary one, which the password
        # that this session logged in with need not be.
        if not self._connection.run_unless(CURRENT_PASSWORD_NEEDED, change):
            self._connection.run(f"{change} REPLACE {literal(self._password)}")
        # Denied to users who may not have a secondary password; one is left only where an administrator set it.
        self._connection.run_unless(ACCESS_DENIED_TO_STATEMENT, "ALTER USER CURRENT_USER() DISCARD OLD PASSWORD")

    def _set_password(self, account: Account, password: str, *, keep: str | None) -> None:
        """See the base class.

        RETAIN CURRENT PASSWORD keeps whatever the primary password is, so that a repetition would keep the new one and
        lose the current one. Hence the current one is made the primary first: with a secondary password beside it that
        is kept until then, it logs in at every moment, from whichever point a run before was broken off.

        ======================  =====================  ==========================
        primary, secondary      after the first ALTER  after the second ALTER
        ======================  =====================  ==========================
        current, any or none    current, as before     new, current
        new, current            current, current       new, current
        another, any or none    current, as before     new, current
        ======================  =====================  ==========================
        """
        if keep is not None:
            self._connection.run(f"ALTER USER {account} IDENTIFIED BY {literal(keep)}")
            self._connection.run(f"ALTER USER {account} IDENTIFIED BY {literal(password)} RETAIN CURRENT PASSWORD")
            return
        plugin = f"WITH {literal(self._model.plugin)} " if self._model else ""
        unlock = " ACCOUNT UNLOCK" if self._unlocks else ""
        self._connection.run(f"ALTER USER {account} IDENTIFIED {plugin}BY {literal(password)}{unlock}")
        self._connection.run(f"ALTER USER {account} DISCARD OLD PASSWORD")

    def _discard(self, username: str) -> None:
        self._connection.run(f"ALTER USER {self._administration.only(username)} DISCARD OLD PASSWORD")


def _random(length: int, alphabet: str) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


_CRYPT: Final = string.ascii_letters + string.digits + "./"

# Plugins that check a password, and a hash for each that no password has.
_UNUSABLE: Final[Mapping[str, Callable[[], str]]] = MappingProxyType(
    {
        "caching_sha2_password": lambda: f"$A$005${_random(20, string.ascii_letters)}{_random(43, _CRYPT)}",
        "mysql_native_password": lambda: f"*{_random(40, '0123456789ABCDEF')}",
        "sha256_password": lambda: f"$5${_random(20, string.ascii_letters)}${_random(43, _CRYPT)}",
    }
)


class MySqlDialect:
    """See Dialect."""

    plugins: Collection[str] = tuple(_UNUSABLE)
    longest_name: int = _LONGEST_NAME
    # RDS gives its master the role rds_superuser_role, whose privileges are among these.
    protected: Collection[str] = (
        *("SUPER", "CREATE USER", "GRANT OPTION", "SYSTEM_USER", "ROLE_ADMIN", "SYSTEM_VARIABLES_ADMIN"),
        *("SET_USER_ID", "SET_ANY_DEFINER"),
    )

    def create(self, account: Account, plugin: str, options: str) -> str:
        """Return a statement with a hash, because a password policy would not take an empty password."""
        return f"CREATE USER {account} IDENTIFIED WITH {literal(plugin)} AS {literal(_UNUSABLE[plugin]())} {options}"

    def default_roles(self, account: Account, roles: Collection[Account]) -> Change:
        """See Dialect."""
        names = ", ".join(map(str, roles)) or "NONE"
        return Change(
            f"{account} has other default roles than {names}",
            f"ALTER USER {account} DEFAULT ROLE {names}",
            frozenset({CREATE_USER}),
        )

"""MariaDB: one password for an account, set by its hash, because the server logs what it is sent."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, ClassVar, Final

from rotating_rds_function.adapters.account_administration import AccountAdministration
from rotating_rds_function.adapters.account_changes import Change
from rotating_rds_function.adapters.accounts import Privilege, Scope
from rotating_rds_function.adapters.mariadb_catalogue import MariaDbCatalogue
from rotating_rds_function.adapters.mysql_family import MySqlFamily, MySqlFamilySession, refuse_server
from rotating_rds_function.adapters.mysql_text import literal

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from rotating_rds_function.adapters.accounts import Account
    from rotating_rds_function.adapters.limits import Limits
    from rotating_rds_function.adapters.mysql_connection import MySqlConnection

_NATIVE: Final = "mysql_native_password"
_LONGEST_NAME: Final = 128


class MariaDb(MySqlFamily):
    """One MariaDB server, 10.6 or newer."""

    retains_passwords: ClassVar[bool] = False
    longest_name: ClassVar[int] = _LONGEST_NAME

    def _settings(self, limits: Limits) -> Mapping[str, str]:
        return {"max_statement_time": f"{limits.statement:.3f}", "tx_read_only": "0"}

    def _session(self, connection: MySqlConnection, username: str, password: str) -> MariaDbSession:
        administration = AccountAdministration(MariaDbCatalogue(connection), MariaDbDialect(), connection.run)
        return MariaDbSession(connection, administration, username=username, password=password, deadline=self._deadline)


class MariaDbSession(MySqlFamilySession):
    """A session of one user. Made by MariaDb.login()."""

    def _check_version(self, version: str) -> None:
        if "mariadb" not in version.lower():
            raise refuse_server("mariadb", version, "MariaDB 10.6 or newer")

    def _set_own_password(self, password: str) -> None:
        # ALTER USER needs CREATE USER, also for oneself.
        self._connection.run(f"SET PASSWORD = {literal(native_hash(password))}")

    def _set_password(self, account: Account, password: str, *, keep: str | None) -> None:  # noqa: ARG002 - there is one only
        # SET PASSWORD FOR somebody else needs UPDATE on the server's own tables.
        unlock = " ACCOUNT UNLOCK" if self._unlocks else ""
        verifier = literal(native_hash(password))
        self._connection.run(f"ALTER USER {account} IDENTIFIED VIA {_NATIVE} USING {verifier}{unlock}")

    def _discard(self, username: str) -> None:
        """Do nothing: there is no second password."""


def native_hash(password: str) -> str:
    """Return what MariaDB stores for a password of mysql_native_password, and cannot log in with."""
    once = hashlib.sha1(password.encode(), usedforsecurity=False).digest()
    return "*" + hashlib.sha1(once, usedforsecurity=False).hexdigest().upper()


class MariaDbDialect:
    """See Dialect."""

    plugins: Collection[str] = (_NATIVE,)
    longest_name: int = _LONGEST_NAME
    protected: Collection[str] = ("SUPER", "CREATE USER", "GRANT OPTION", "SET USER")

    def create(self, account: Account, plugin: str, options: str) -> str:
        """Return a statement with a hash that no password has."""
        return f"CREATE USER {account} IDENTIFIED VIA {plugin} USING '*{secrets.token_hex(20).upper()}' {options}"

    def default_roles(self, account: Account, roles: Collection[Account]) -> Change:
        """See Dialect; an account has one at most."""
        names = ", ".join(map(str, roles)) or "NONE"
        return Change(
            f"{account} has another default role than {names}",
            f"SET DEFAULT ROLE {names} FOR {account}",
            frozenset({Privilege(Scope("mysql"), "UPDATE")}),
        )

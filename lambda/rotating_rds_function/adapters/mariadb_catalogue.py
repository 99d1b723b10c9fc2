"""The accounts of a MariaDB server.

Source: "The mysql Database Tables" in MariaDB's documentation. mysql.user is a view of
mysql.global_priv since 10.4, and older than some privileges: information_schema names those of users as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rotating_rds_function.adapters import account_clauses
from rotating_rds_function.adapters.account_catalogue import COLUMNS, Catalogue
from rotating_rds_function.adapters.accounts import (
    EVERYWHERE,
    Account,
    AccountState,
    Kind,
    Privilege,
    Thing,
)
from rotating_rds_function.adapters.grant_tables import account_of, is_one_of
from rotating_rds_function.adapters.mysql_text import any_of, select

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from rotating_rds_function.adapters.mysql_connection import Row

SEVERAL_PLUGINS: Final = "several authentication plugins"

# REPLICATION CLIENT is called BINLOG MONITOR since 10.5, and found under that name.
_COLUMNS: Final = (
    *(f"u.{column} AS {column}" for column in COLUMNS if column != "Repl_client_priv"),
    *("u.max_statement_time AS max_statement_time", "u.default_role AS default_role"),
    # Not the whole of it, which has the password's hash.
    "JSON_VALUE(p.Priv, '$.account_locked') AS locked",
    "JSON_VALUE(p.Priv, '$.password_last_changed') AS changed",
    "JSON_VALUE(p.Priv, '$.password_lifetime') AS lifetime",
    "JSON_EXISTS(p.Priv, '$.auth_or') AS several",
)


class MariaDbCatalogue(Catalogue):
    """See Catalogue; a role is no user and has no host, and one role at most is active."""

    def users(self, *names: str) -> list[Account]:
        """See Catalogue."""
        rows = self.rows(
            select("User, Host", "mysql.user", f"{any_of(('User',), {(name,) for name in names})} AND is_role = 'N'")
        )
        return [account for account in map(account_of, rows) if account.user in names]

    def acting(self) -> list[AccountState]:
        """See Catalogue."""
        (row,) = self.rows("SELECT CURRENT_ROLE() AS role")
        return self.with_roles(self.myself(), [] if row["role"] is None else [Account(row["role"], "")])

    def _rows(self, accounts: Collection[Account]) -> Iterable[Row]:
        return self.rows(
            select(
                ", ".join(_COLUMNS),
                "mysql.user u JOIN mysql.global_priv p USING (User, Host)",
                is_one_of(accounts, "u.User", "u.Host"),
            )
        )

    def _state(self, row: Row) -> AccountState:
        lifetime = int(row["lifetime"] or -1)
        return AccountState(
            account_of(row),
            plugin=SEVERAL_PLUGINS if row["several"] else row["plugin"],
            locked=row["locked"] == "1",
            awaits_password=row["locked"] == "1" and row["changed"] == "0",  # which is what PASSWORD EXPIRE writes
            properties={
                "tls": account_clauses.tls_requirement(row),
                "limits": f"{account_clauses.limits(row)} MAX_STATEMENT_TIME {row['max_statement_time']}",
                "expiry": account_clauses.expiry(None if lifetime < 0 else lifetime),
            },
        )

    def _own_privileges(self, accounts: Collection[Account]) -> Iterator[tuple[Account, Privilege]]:
        # Here a grantee is written in quotes that are not escaped.
        grantees = {f"'{account.user}'@'{account.host}'": account for account in accounts if account.host}
        if not grantees:
            return
        for row in self.rows(
            select(
                "GRANTEE, PRIVILEGE_TYPE",
                "information_schema.USER_PRIVILEGES",
                any_of(("GRANTEE",), {(grantee,) for grantee in grantees}),
            )
        ):
            account = grantees.get(row["GRANTEE"])
            if account is not None and row["PRIVILEGE_TYPE"] != "USAGE":
                yield account, Privilege(EVERYWHERE, row["PRIVILEGE_TYPE"])

    def _own_things(self, accounts: Collection[Account]) -> Iterator[tuple[Account, Thing, bool]]:
        for row in self.rows(select("User, Host, Role, Admin_option", "mysql.roles_mapping", is_one_of(accounts))):
            yield account_of(row), Thing(Kind.ROLE, Account(row["Role"], "")), row["Admin_option"] == "Y"

    def _default_roles(self, accounts: Collection[Account]) -> Iterator[tuple[Account, Account]]:
        # The table keeps a default role that was revoked, or dropped.
        granted = (
            "mysql.user u JOIN mysql.roles_mapping m ON (m.User, m.Host, m.Role) = (u.User, u.Host, u.default_role)"
        )
        columns, where = "u.User AS User, u.Host AS Host, m.Role AS Role", is_one_of(accounts, "u.User", "u.Host")
        for row in self.rows(select(columns, granted, where)):
            yield account_of(row), Account(row["Role"], "")

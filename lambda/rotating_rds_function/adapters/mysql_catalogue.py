"""The accounts of a MySQL server.

Source: "Grant Tables" in MySQL's manual; the attributes of an account as "The mysql.user Table" describes them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from rotating_rds_function.adapters import account_clauses
from rotating_rds_function.adapters.account_catalogue import COLUMNS, Catalogue
from rotating_rds_function.adapters.accounts import Account, AccountState, Kind, Privilege, Scope, Thing
from rotating_rds_function.adapters.grant_tables import account_of, is_one_of
from rotating_rds_function.adapters.mysql_text import any_of, select

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from rotating_rds_function.adapters.mysql_connection import Row

_COLUMNS: Final = (
    *COLUMNS,
    *("account_locked", "password_expired", "password_lifetime", "Password_reuse_history", "Password_reuse_time"),
    *("Password_require_current", "Create_role_priv", "Drop_role_priv"),
    # Not the whole of it, which has the hash of a secondary password.
    "JSON_EXTRACT(User_attributes, '$.Restrictions') AS restrictions",
    "JSON_EXTRACT(User_attributes, '$.Password_locking') AS locking",
)


class MySqlCatalogue(Catalogue):
    """See Catalogue; a role is an account that is locked, and any number of roles is active at once."""

    def users(self, *names: str) -> list[Account]:
        """See Catalogue."""
        rows = self.rows(select("User, Host", "mysql.user", any_of(("User",), {(name,) for name in names})))
        return [account for account in map(account_of, rows) if account.user in names]

    def acting(self) -> list[AccountState]:
        """Activate every role of the session's user; see Catalogue."""
        self.rows("SET ROLE ALL")
        return self.with_roles(self.myself())

    def _rows(self, accounts: Collection[Account]) -> Iterable[Row]:
        return self.rows(select(", ".join(_COLUMNS), "mysql.user", is_one_of(accounts)))

    def _state(self, row: Row) -> AccountState:
        return AccountState(
            account_of(row),
            plugin=row["plugin"],
            locked=row["account_locked"] == "Y",
            awaits_password=row["account_locked"] == row["password_expired"] == "Y",
            properties=_properties(row),
            restrictions=frozenset(
                Privilege(Scope(entry["Database"]), name)
                for entry in json.loads(row["restrictions"] or "[]")
                for name in entry["Privileges"]
            ),
        )

    def _own_privileges(self, accounts: Collection[Account]) -> Iterator[tuple[Account, Privilege]]:
        """None: the rest are dynamic ones."""
        del accounts
        yield from ()

    def _own_things(self, accounts: Collection[Account]) -> Iterator[tuple[Account, Thing, bool]]:
        for row in self.rows(
            select("USER AS User, HOST AS Host, PRIV, WITH_GRANT_OPTION", "mysql.global_grants", is_one_of(accounts))
        ):
            yield account_of(row), Thing(Kind.DYNAMIC, row["PRIV"]), row["WITH_GRANT_OPTION"] == "Y"
        for row in self.rows(
            select(
                "TO_USER AS User, TO_HOST AS Host, FROM_USER, FROM_HOST, WITH_ADMIN_OPTION",
                "mysql.role_edges",
                is_one_of(accounts, "TO_USER", "TO_HOST"),
            )
        ):
            role = Account(row["FROM_USER"], row["FROM_HOST"])
            yield account_of(row), Thing(Kind.ROLE, role), row["WITH_ADMIN_OPTION"] == "Y"

    def _default_roles(self, accounts: Collection[Account]) -> Iterator[tuple[Account, Account]]:
        for row in self.rows(
            select(
                "USER AS User, HOST AS Host, DEFAULT_ROLE_USER, DEFAULT_ROLE_HOST",
                "mysql.default_roles",
                is_one_of(accounts),
            )
        ):
            yield account_of(row), Account(row["DEFAULT_ROLE_USER"], row["DEFAULT_ROLE_HOST"])


def _properties(row: Row) -> Mapping[str, str]:
    return {
        "tls": account_clauses.tls_requirement(row),
        "limits": account_clauses.limits(row),
        "expiry": account_clauses.expiry(row["password_lifetime"]),
        "history": f"PASSWORD HISTORY {_or_default(row['Password_reuse_history'])}",
        "reuse": f"PASSWORD REUSE INTERVAL {_or_default(row['Password_reuse_time'], ' DAY')}",
        "proof": "PASSWORD REQUIRE CURRENT"
        + {"Y": "", "N": " OPTIONAL"}.get(row["Password_require_current"], " DEFAULT"),
        "locking": _locking(json.loads(row["locking"] or "{}")),
    }


def _or_default(number: int | None, unit: str = "") -> str:
    return "DEFAULT" if number is None else f"{number}{unit}"


def _locking(rules: Mapping[str, Any]) -> str:
    attempts, days = rules.get("failed_login_attempts", 0), rules.get("password_lock_time_days", 0)
    return f"FAILED_LOGIN_ATTEMPTS {attempts} PASSWORD_LOCK_TIME {'UNBOUNDED' if days < 0 else days}"

"""The grant tables that MySQL and MariaDB have in common, and how their rows name privileges.

Source: "Grant Tables" in MySQL's manual and "The mysql Database Tables" in MariaDB's.
"""

from __future__ import annotations

from collections import defaultdict
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from rotating_rds_function.adapters.accounts import GRANT_OPTION, Account, Kind, Privilege, Scope, Thing
from rotating_rds_function.adapters.mysql_text import any_of, select

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from rotating_rds_function.adapters.mysql_connection import Row

    Run = Callable[[str], list[Row]]

# Where a table calls a privilege otherwise than GRANT does.
_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "CREATE TMP TABLE": "CREATE TEMPORARY TABLES",
        "DELETE VERSIONING ROWS": "DELETE HISTORY",
        "GRANT": GRANT_OPTION,
        "REPL CLIENT": "REPLICATION CLIENT",
        "REPL SLAVE": "REPLICATION SLAVE",
        "SHOW DB": "SHOW DATABASES",
    }
)
_SUFFIX: Final = "_priv"

Privileges = defaultdict[Account, set[Privilege]]


def account_of(row: Row) -> Account:
    """Return whom a row is about."""
    return Account(row["User"], row["Host"])


def is_one_of(accounts: Iterable[Account], user: str = "User", host: str = "Host") -> str:
    """Return the condition that a row is about one of these accounts.

    The tables ignore blanks at the end of names, and some of them case: who asks must look at the rows.
    """
    return any_of((user, host), {(account.user, account.host) for account in accounts})


def privileges_in(row: Row, scope: Scope) -> Iterator[Privilege]:
    """Return the privileges of a row that has a column with Y or N for each."""
    for column, value in row.items():
        if column.endswith(_SUFFIX) and value == "Y":
            yield Privilege(scope, _name(column.removesuffix(_SUFFIX)))


def read_privileges(run: Run, accounts: Collection[Account], *, into: Privileges) -> None:
    """Add the privileges below the global ones."""
    condition, found = is_one_of(accounts), into
    for row in run(select("*", "mysql.db", condition)):
        found[account_of(row)].update(privileges_in(row, Scope(row["Db"])))
    for row in run(select("User, Host, Db, Table_name, Table_priv", "mysql.tables_priv", condition)):
        found[account_of(row)].update(_listed(row["Table_priv"], Scope(row["Db"], row["Table_name"])))
    for row in run(select("User, Host, Db, Table_name, Column_name, Column_priv", "mysql.columns_priv", condition)):
        scope = Scope(row["Db"], row["Table_name"])
        found[account_of(row)].update(_listed(row["Column_priv"], scope, row["Column_name"]))
    for row in run(select("User, Host, Db, Routine_name, Routine_type, Proc_priv", "mysql.procs_priv", condition)):
        scope = Scope(row["Db"], row["Routine_name"], row["Routine_type"])
        found[account_of(row)].update(_listed(row["Proc_priv"], scope))


def read_proxies(run: Run, accounts: Collection[Account]) -> Iterator[tuple[Account, Thing, bool]]:
    """Return who may be proxy of whom, and hand that on."""
    for row in run(
        select("User, Host, Proxied_user, Proxied_host, With_grant", "mysql.proxies_priv", is_one_of(accounts))
    ):
        proxied = Account(row["Proxied_user"], row["Proxied_host"])
        yield account_of(row), Thing(Kind.PROXY, proxied), bool(row["With_grant"])


def read_absent(run: Run, scopes: Iterable[Scope]) -> frozenset[Scope]:
    """Return those of the tables and routines that do not exist, as far as the session's user can see."""
    named = {scope for scope in scopes if scope.name}
    if not named:
        return frozenset()
    databases = {(scope.database,) for scope in named}
    tables = select(
        "TABLE_SCHEMA AS db, TABLE_NAME AS name, '' AS kind",
        "information_schema.TABLES",
        any_of(("TABLE_SCHEMA",), databases),
    )
    routines = select(
        "ROUTINE_SCHEMA, ROUTINE_NAME, ROUTINE_TYPE",
        "information_schema.ROUTINES",
        any_of(("ROUTINE_SCHEMA",), databases),
    )
    seen = {Scope(row["db"], row["name"], row["kind"]) for row in run(f"{tables} UNION ALL {routines}")}
    folded = {_folded(scope) for scope in seen}
    return frozenset(scope for scope in named if _folded(scope) not in folded)


_DEFINED: Final = (
    ("VIEWS", "TABLE_SCHEMA", "TABLE_NAME"),
    ("ROUTINES", "ROUTINE_SCHEMA", "ROUTINE_NAME"),
    ("TRIGGERS", "TRIGGER_SCHEMA", "TRIGGER_NAME"),
    ("EVENTS", "EVENT_SCHEMA", "EVENT_NAME"),
)


def read_definers(run: Run, account: Account) -> list[Scope]:
    """Return the views, routines, triggers and events that run in the name of an account."""
    definer = any_of(("DEFINER",), {(f"{account.user}@{account.host}",)})
    queries = (
        select(f"{schema} AS db, {name} AS name, DEFINER AS definer", f"information_schema.{table}", definer)
        for table, schema, name in _DEFINED
    )
    return [
        Scope(row["db"], row["name"])
        for row in run(" UNION ALL ".join(queries))
        if row["definer"] == f"{account.user}@{account.host}"
    ]


def _folded(scope: Scope) -> tuple[str, str, str]:
    # The server may keep names in the grant tables in lower case, which is not how it shows them elsewhere.
    return scope.database.lower(), scope.name.lower(), scope.kind


def _listed(names: str, scope: Scope, column: str = "") -> Iterator[Privilege]:
    for name in names.split(","):
        if name:
            yield Privilege(scope, _name(name), column)


def _name(written: str) -> str:
    name = written.replace("_", " ").upper()
    return _NAMES.get(name, name)

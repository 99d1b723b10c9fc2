"""Accounts that a deployment declares: what only MySQL and MariaDB have about them."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from rotating_rds_function.adapters.mysql_text import literal
from rotating_rds_function.domain.errors import ConfigurationError, PrivilegeError, WrongStateError
from rotating_rds_function.domain.provisioning import ProvisionOutcome
from rotating_rds_function.domain.versions import AWSPREVIOUS
from tests.support.cuts import SENTENCE, cut
from tests.support.declared_users import PASSWORD, DeclaredInMySqlFamily
from tests.support.engines import MASTER
from tests.support.engines import PASSWORD as FAMILY_PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.engines import MySqlFamilyUnderTest


@pytest.fixture
def declared(family: MySqlFamilyUnderTest) -> Iterator[DeclaredInMySqlFamily]:
    """Return a user who is not made yet."""
    user = DeclaredInMySqlFamily(family)
    yield user
    user.close()


@pytest.fixture
def single(declared: DeclaredInMySqlFamily) -> DeclaredInMySqlFamily:
    """Return a user with one login, who is made."""
    declared.carry_out(AlternateUsername=None)
    return declared


def _account(declared: DeclaredInMySqlFamily, host: str = "%") -> str:
    return f"{literal(declared.username)}@{literal(host)}"


def _row(declared: DeclaredInMySqlFamily, columns: str) -> Any:
    (row,) = declared.run(f"SELECT {columns} FROM mysql.user WHERE User = {literal(declared.username)}")
    return row


def test_a_new_account_is_let_in_from_anywhere_and_over_tls_only(single: DeclaredInMySqlFamily) -> None:
    """By the plugin by which its administrator logs in, which works on this server."""
    ((plugin,),) = single.run(f"SELECT plugin FROM mysql.user WHERE User = '{MASTER}'")
    assert _row(single, "Host, ssl_type, plugin") == ("%", "ANY", plugin)


def test_how_an_older_account_logs_in_is_left_alone(declared: DeclaredInMySqlFamily) -> None:
    """From where, with which certificate, how often; its twin takes that over at its turn."""
    declared.engine.run(f"CREATE USER {_account(declared, '127.0.0.%')} IDENTIFIED BY {literal(PASSWORD)}")
    declared.engine.run(f"ALTER USER {_account(declared, '127.0.0.%')} WITH MAX_USER_CONNECTIONS 9")
    declared.carry_out()
    assert _row(declared, "Host, ssl_type, max_user_connections") == ("127.0.0.%", "", 9)
    assert declared.may("CREATE TEMPORARY TABLE {}.mine (id INT)")
    declared.rotate()
    assert declared.logs_in()
    assert declared.differences() == []


def test_an_account_with_several_host_parts_is_refused(single: DeclaredInMySqlFamily) -> None:
    """A declaration is about one account."""
    single.run(f"CREATE USER {_account(single, '10.0.0.%')}")
    before = single.described()
    for kind in ("Update", "Delete"):
        with pytest.raises(WrongStateError, match=r"several host parts .*10\.0\.0"):
            single.carry_out(kind, AlternateUsername=None, Schemas={single.schema: "ddl"})
    assert single.described() == before


def test_an_account_that_logs_in_without_a_password_is_refused(declared: DeclaredInMySqlFamily) -> None:
    """By IAM authentication, for example: it would get a password only now."""
    plugin, by = ("unix_socket", "VIA") if declared.engine.name == "mariadb" else ("auth_socket", "WITH")
    if declared.engine.name == "mysql":
        declared.run("INSTALL PLUGIN auth_socket SONAME 'auth_socket.so'")
    try:
        declared.run(f"CREATE USER {_account(declared)} IDENTIFIED {by} {plugin}")
        with pytest.raises(WrongStateError, match=plugin):
            declared.carry_out()
    finally:
        declared.run(f"DROP USER {_account(declared)}")
        if declared.engine.name == "mysql":
            declared.run("UNINSTALL PLUGIN auth_socket")


@pytest.mark.parametrize("name", ["x" * 129, "blank at its end ", "\U0001f600"])
def test_a_name_that_the_engine_would_change_is_refused(declared: DeclaredInMySqlFamily, name: str) -> None:
    """It would be another user's."""
    declared.put(name, PASSWORD)
    users = declared.everybody()
    with pytest.raises(ConfigurationError, match="none that the engine can hold"):
        declared.carry_out(Username=name)
    assert declared.everybody() == users


def test_a_login_in_whose_name_a_view_runs_is_shut_out_instead_of_dropped(declared: DeclaredInMySqlFamily) -> None:
    """Dropping it would break the view; MySQL refuses that, MariaDB does not."""
    ddl: dict[str, Any] = {"Schemas": {declared.schema: "ddl"}, "AlternateUsername": None}
    declared.carry_out(**ddl)
    declared.do("CREATE TABLE {}.items (id INT)", "CREATE VIEW {}.seen AS SELECT id FROM {}.items")
    reader = declared.another("reader")
    reader.carry_out(AlternateUsername=None, Schemas={declared.schema: "read_only"})
    assert declared.carry_out("Delete", **ddl) is ProvisionOutcome.SUCCEEDED
    assert not declared.logs_in()
    assert reader.may("SELECT id FROM {}.seen")
    declared.put(declared.username, "the password of its next life")
    declared.carry_out(**ddl)
    assert declared.logs_in()
    declared.do("DROP VIEW {}.seen")
    declared.carry_out("Delete", **ddl)
    assert not declared.exists(declared.username)


def test_a_removal_that_is_cut_off_leaves_no_login_to_the_next_one(
    declared: DeclaredInMySqlFamily, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIVEN a pair whose login in use has to be shut out: it still shows whose user this is, to its last moment."""
    ddl: dict[str, Any] = {"Schemas": {declared.schema: "ddl"}}
    for point in range(3):
        declared.carry_out(**ddl)
        declared.rotate()
        declared.do("CREATE OR REPLACE VIEW {}.seen AS SELECT 1")
        previous = json.loads(declared.store.value_of(AWSPREVIOUS) or "")
        with cut(monkeypatch, after=point), pytest.raises(WrongStateError, match=SENTENCE):
            declared.carry_out("Delete", **ddl)
        declared.carry_out("Delete", **ddl)
        assert not declared.logs_in()
        assert not declared.engine.accepts(previous["username"], previous["password"])
        declared.run("DROP VIEW {}.seen")


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        ("PROCEDURE", "CREATE PROCEDURE {}.thing() SELECT 1"),
        ("FUNCTION", "CREATE FUNCTION {}.thing() RETURNS INT DETERMINISTIC NO SQL RETURN 1"),
        ("EVENT", "CREATE EVENT {}.thing ON SCHEDULE EVERY 1 DAY DO SELECT 1"),
        ("TRIGGER", "CREATE TRIGGER {}.thing BEFORE INSERT ON {}.items FOR EACH ROW SET NEW.id = 1"),
    ],
)
def test_whatever_runs_in_the_name_of_a_login_keeps_it(
    declared: DeclaredInMySqlFamily, kind: str, statement: str
) -> None:
    """As long as it is there."""
    ddl: dict[str, Any] = {"Schemas": {declared.schema: "ddl"}, "AlternateUsername": None}
    declared.carry_out(**ddl)
    declared.do("CREATE TABLE {}.items (id INT)")
    definer = _account(declared)
    declared.run(statement.replace("CREATE", f"CREATE DEFINER = {definer}"))  # functions need a right that RDS has not
    declared.carry_out("Delete", **ddl)
    assert declared.exists(declared.username)
    declared.run(f"DROP {kind} {{}}.thing")
    declared.carry_out(**ddl)
    declared.carry_out("Delete", **ddl)
    assert not declared.exists(declared.username)


def test_a_statement_may_make_a_role_the_default_one(declared: DeclaredInMySqlFamily) -> None:
    """For both logins; without it the role is gone."""
    words = {"mysql": "ALTER USER {grantee} DEFAULT ROLE reader", "mariadb": "SET DEFAULT ROLE reader FOR {grantee}"}
    asked: dict[str, Any] = {"Schemas": {}, "Statements": ["GRANT reader TO {grantee}", words[declared.engine.name]]}
    declared.carry_out(**asked)
    for _ in range(2):
        assert declared.may("SELECT id FROM shop.orders")
        declared.rotate()
    before = declared.described()
    declared.carry_out("Update", old={}, **asked)
    assert declared.described() == before
    declared.carry_out("Update", old={}, Schemas={}, Statements=[])
    assert not declared.may("SELECT id FROM shop.orders")
    assert "reader" not in str(declared.described())


def test_a_statement_may_limit_a_login(declared: DeclaredInMySqlFamily) -> None:
    """What it says about how somebody logs in, it says for each login."""
    declared.carry_out(Statements=["ALTER USER {grantee} WITH MAX_USER_CONNECTIONS 7"])
    assert _row(declared, "max_user_connections") == (7,)


def test_statements_are_tried_where_they_cannot_do_harm(
    declared: DeclaredInMySqlFamily, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On an account that is locked from its first moment, and gone before any login is touched."""
    declared.carry_out()
    statement = declared.written("GRANT CREATE VIEW ON {}.* TO {grantee}")
    with cut(monkeypatch) as statements:
        declared.carry_out("Update", old={}, Statements=[statement])
    about = [statement for statement in statements if "rotating-rds/" in statement and "LOCK(" not in statement]
    assert "ACCOUNT LOCK" in about[0]
    assert about[-1].startswith("DROP USER")
    last = statements.index(about[-1])
    assert not [statement for statement in statements[:last] if declared.username in statement]
    assert [statement for statement in statements[last:] if "GRANT CREATE VIEW" in statement]


def test_a_grant_on_a_table_that_was_dropped_is_taken_back(single: DeclaredInMySqlFamily) -> None:
    """It would be there again with the next table of that name."""
    single.run("CREATE TABLE {}.passing (id INT)")
    single.run("GRANT ALTER, INSERT (id) ON {}.passing TO " + _account(single))
    single.run("DROP TABLE {}.passing")
    single.carry_out("Update", old={}, AlternateUsername=None)
    single.run("CREATE TABLE {}.passing (id INT)")
    assert "passing" not in str(single.described())


@pytest.fixture
def limited(family: MySqlFamilyUnderTest, declared: DeclaredInMySqlFamily) -> DeclaredInMySqlFamily:
    """Return a user whose administrator may make users, and grant little."""
    family.user("limited")
    for privilege in ("SELECT ON mysql.*", "CREATE USER ON *.*"):
        family.run(f"GRANT {privilege} TO limited@'%'")
    value = json.dumps({"username": "limited", "password": FAMILY_PASSWORD})
    declared.store.others = dict.fromkeys(declared.store.others, value)
    return declared


def test_every_privilege_that_the_administrator_lacks_is_named_before_anything_changes(
    limited: DeclaredInMySqlFamily, family: MySqlFamilyUnderTest
) -> None:
    """To make a database, to give a level, and to hand on what statements give."""
    users = limited.everybody()
    with pytest.raises(PrivilegeError) as caught:
        limited.carry_out(AdministratorUsername="limited")
    for privilege in ("CREATE on `my\\_shop", "INSERT on `my\\_shop", "GRANT OPTION on `my\\_shop"):
        assert privilege in str(caught.value)
    assert "SHOW DATABASES" not in str(caught.value)
    assert limited.everybody() == users
    family.run("GRANT CREATE, SELECT, SHOW VIEW ON *.* TO limited@'%' WITH GRANT OPTION")
    limited.carry_out(AdministratorUsername="limited", AlternateUsername=None, Schemas={limited.schema: "read_only"})
    assert limited.logs_in()


def test_a_closed_session_leaves_no_lock(declared: DeclaredInMySqlFamily) -> None:
    """The next request begins at once."""
    with closing(declared.master()) as session:
        session.lock(declared.username)
        session.exists(declared.username)
    declared.carry_out(seconds=4)
    assert declared.logs_in()

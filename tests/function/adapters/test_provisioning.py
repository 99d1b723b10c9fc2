"""Users made, changed and removed on real servers, as a deployment declares them."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from rotating_rds_function.domain.errors import PrivilegeError, RefusedError, RotationError
from tests.support.faults.backstage import FIRST_PASSWORD
from tests.support.faults.convergence import assert_well
from tests.support.faults.real_backstage import MySqlFamilyBackstage, real_backstage
from tests.support.provisioned import Declared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.databases import Authority

LEVELS = ("read_only", "read_write", "ddl")
# Each level may do what those before it may.
STATEMENTS = {
    "read_only": "SELECT id FROM {schema}.early",
    "read_write": "INSERT INTO {schema}.early (id) VALUES (1)",
    "ddl": "CREATE TABLE {schema}.made_by_{level} (id INT)",
}


@pytest.fixture(params=["postgres", "postgres_15", "mysql", "mariadb"])
def declared(request: pytest.FixtureRequest, authority: Authority) -> Iterator[Declared]:
    """Return a user of each server, who is not made yet."""
    backstage = real_backstage(request.param, request.getfixturevalue(request.param), authority)
    made = Declared(backstage, owner=f"{backstage.username}_owner")
    if not isinstance(backstage, MySqlFamilyBackstage):
        # What a master of RDS may do; schemas of tests are made by somebody who may do more.
        backstage.under_test.run(f"DROP SCHEMA {backstage.schema} CASCADE")
        backstage.under_test.run("GRANT CREATE ON DATABASE postgres TO orders_master")
        backstage.under_test.run(f"DROP ROLE {backstage.pair.access_role}")
    yield made
    clean_up(made)


def clean_up(declared: Declared) -> None:
    """Remove what tests and declarations made."""
    backstage = declared.backstage
    backstage.lose_sessions()
    if isinstance(backstage, MySqlFamilyBackstage):
        backstage.close()
        return
    run = backstage.under_test.run
    for role in (backstage.username, backstage.alternate, backstage.pair.access_role, declared.owner):
        if run(f"SELECT 1 FROM pg_roles WHERE rolname = '{role}'"):
            run(f"DROP OWNED BY {role} CASCADE")
    for role in (backstage.username, backstage.alternate, backstage.pair.access_role, declared.owner):
        run(f"DROP ROLE IF EXISTS {role}")
    run(f"DROP SCHEMA IF EXISTS {backstage.schema} CASCADE")
    backstage.under_test.superuser.close()


def make_table(declared: Declared, name: str) -> None:
    """Have the declared owner of the schema make a table, or whoever may on an engine without owners."""
    backstage, table = declared.backstage, f"{declared.backstage.schema}.{name}"
    if isinstance(backstage, MySqlFamilyBackstage):
        backstage.under_test.run(f"CREATE TABLE IF NOT EXISTS {table} (id INT)")
        return
    backstage.under_test.run(f"SET ROLE {declared.owner}")
    backstage.under_test.run(f"CREATE TABLE IF NOT EXISTS {table} (id INT)")
    backstage.under_test.run("RESET ROLE")


def allowed(declared: Declared, level: str) -> list[str]:
    """Return the levels whose statements the user may run."""
    schema = declared.backstage.schema
    return [name for name in LEVELS if declared.may(STATEMENTS[name].format(schema=schema, level=level))]


def test_a_user_is_made_and_logs_in_with_its_secret(declared: Declared) -> None:
    """By its first login; the second one of a pair is made at its first turn."""
    declared.carry_out()
    assert declared.world.logs_in("AWSCURRENT")
    assert not declared.backstage.exists(declared.backstage.alternate)


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_is_exactly_what_the_user_may_do(declared: Declared, level: str) -> None:
    """Neither less nor more, also of what is made later, and after the password went over to the second login."""
    schemas = {declared.backstage.schema: level}
    declared.carry_out(Schemas=schemas)
    make_table(declared, "early")
    expected = list(LEVELS[: LEVELS.index(level) + 1])
    assert allowed(declared, f"{level}1") == expected
    declared.rotate()
    assert allowed(declared, f"{level}2") == expected


@pytest.mark.parametrize("then", LEVELS)
@pytest.mark.parametrize("first", LEVELS)
def test_a_changed_level_is_applied_in_place(declared: Declared, first: str, then: str) -> None:
    """To both logins of a pair: what is no longer declared is taken away."""
    declared.carry_out(Schemas={declared.backstage.schema: first})
    make_table(declared, "early")
    declared.rotate()
    declared.carry_out("Update", Schemas={declared.backstage.schema: then})
    expected = list(LEVELS[: LEVELS.index(then) + 1])
    assert allowed(declared, f"{first}_{then}_1") == expected
    declared.rotate()
    assert allowed(declared, f"{first}_{then}_2") == expected
    assert declared.backstage.equal()


def test_what_was_granted_by_hand_is_taken_back(declared: Declared) -> None:
    """The declaration is the whole of what the user may do."""
    schema = declared.backstage.schema
    declared.carry_out(Schemas={schema: "read_only"})
    make_table(declared, "early")
    grant_by_hand(declared)
    assert allowed(declared, "by_hand") == ["read_only", "read_write"]
    declared.carry_out("Update", Schemas={schema: "read_only"})
    assert allowed(declared, "by_hand") == ["read_only"]


def grant_by_hand(declared: Declared) -> None:
    """Let the user write, as an operator might."""
    backstage = declared.backstage
    is_account = isinstance(backstage, MySqlFamilyBackstage)
    grantee = f"'{backstage.username}'@'%'" if is_account else backstage.pair.access_role
    backstage.under_test.run(f"GRANT INSERT ON {backstage.schema}.early TO {grantee}")


def test_making_a_user_again_changes_nothing(declared: Declared) -> None:
    """CloudFormation repeats what it has heard no answer of."""
    declared.carry_out()
    before = declared.backstage.state()
    declared.carry_out()
    assert declared.backstage.state() == before


def test_an_open_session_goes_on_while_its_privileges_change(declared: Declared) -> None:
    """An update takes away nothing that it then gives back."""
    declared.carry_out(Schemas={declared.backstage.schema: "read_write"})
    make_table(declared, "early")
    session = declared.backstage.under_test.database().login(declared.backstage.username, FIRST_PASSWORD)
    with closing(session):
        session.verify(f"SELECT id FROM {declared.backstage.schema}.early")
        declared.carry_out("Update", Schemas={declared.backstage.schema: "read_only"})
        session.verify(f"SELECT id FROM {declared.backstage.schema}.early")


def test_a_user_who_exists_gets_the_declared_password(declared: Declared) -> None:
    """The secret is the only source of truth."""
    declared.carry_out()
    declared.backstage.set_password(declared.backstage.username, "of somebody else")
    declared.carry_out("Update")
    assert declared.world.logs_in("AWSCURRENT")


def test_a_declared_user_rotates_by_its_strategy_again_and_again(declared: Declared) -> None:
    """And stays what it is declared to be."""
    declared.carry_out()
    for _ in range(3):
        declared.rotate()
        assert_well(declared.world, declared.world.tokens[-1])
    declared.carry_out("Update")
    assert declared.world.logs_in("AWSCURRENT")
    assert declared.backstage.equal()


def test_statements_give_what_no_level_has(declared: Declared) -> None:
    """They are run for whoever holds the privileges, and what they gave goes with them."""
    schema = declared.backstage.schema
    statements = [grant_on_one_table(declared)]
    declared.carry_out(Schemas={schema: "ddl"}, Statements=[])
    make_table(declared, "early")
    make_table(declared, "late")
    declared.carry_out("Update", Schemas={}, Statements=statements)
    assert declared.may(f"SELECT id FROM {schema}.early")
    assert not declared.may(f"SELECT id FROM {schema}.late")
    declared.carry_out("Update", Schemas={}, Statements=[])
    assert not declared.may(f"SELECT id FROM {schema}.early")


def grant_on_one_table(declared: Declared) -> str:
    """Return a statement that a level cannot express."""
    schema = declared.backstage.schema
    if isinstance(declared.backstage, MySqlFamilyBackstage):
        return f"GRANT SELECT ON {schema}.early TO {{grantee}}"
    return (
        f"DO $$ BEGIN EXECUTE 'GRANT USAGE ON SCHEMA {schema} TO {{grantee}}'; "
        f"EXECUTE 'GRANT SELECT ON {schema}.early TO {{grantee}}'; END $$"
    )


def test_a_failing_statement_fails_the_request_and_changes_nothing(declared: Declared) -> None:
    """CloudFormation rolls back; the user is what it was."""
    declared.carry_out()
    before = declared.backstage.state()
    with pytest.raises(RotationError) as caught:
        declared.carry_out(
            "Update", seconds=3, Schemas={declared.backstage.schema: "ddl"}, Statements=["GRANT nothing TO {grantee}"]
        )
    assert FIRST_PASSWORD not in str(caught.value)
    assert declared.backstage.state() == before


def test_a_removed_user_is_gone_with_both_logins(declared: Declared) -> None:
    """GIVEN removal by drop; what it owned stays, and a second request finds nothing to do."""
    declared.carry_out(Schemas={declared.backstage.schema: "ddl"})
    declared.rotate()
    assert declared.may(f"CREATE TABLE {declared.backstage.schema}.kept (id INT)")
    for _ in range(2):
        declared.carry_out("Delete", Schemas={declared.backstage.schema: "ddl"})
        for login in (declared.backstage.username, declared.backstage.alternate):
            assert not declared.backstage.exists(login)
    [(rows,)] = declared.backstage.under_test.run(f"SELECT count(*) FROM {declared.backstage.schema}.kept")
    assert rows == 0


def test_a_retained_user_is_left_alone(declared: Declared) -> None:
    """GIVEN removal by retain; nothing connects, for the database may be gone as well."""
    declared.carry_out()
    declared.carry_out("Delete", Removal="retain", Database="gone")
    assert declared.backstage.exists(declared.backstage.username)


@pytest.mark.parametrize("kind", ["Create", "Delete"])
def test_users_who_are_not_ours_are_refused(declared: Declared, kind: str) -> None:
    """The administrator itself, and names of the service."""
    backstage = declared.backstage
    for username in (backstage.administrator, "rdsadmin"):
        with pytest.raises(RefusedError, match=f"'?{username}'? "):
            declared.carry_out(kind, Username=username)


def test_an_administrator_without_the_right_is_told_what_it_lacks(declared: Declared) -> None:
    """Before anything is changed."""
    backstage = declared.backstage
    backstage.under_test.create(backstage.username, "the password of a nobody")
    value = declared.world.value(backstage.username, "the password of a nobody")
    declared.world.store.others = dict.fromkeys(declared.world.store.others, value)
    with pytest.raises((PrivilegeError, RefusedError)):
        declared.carry_out(AdministratorUsername=backstage.username, Username="somebody", AlternateUsername="another")

"""Users made, changed and removed on every engine as a deployment declares them; their names need quoting."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any, Self

import pytest

from rotating_rds_function.domain.errors import (
    NotReadyError,
    PrivilegeError,
    RefusedError,
    RotationError,
    WrongStateError,
)
from rotating_rds_function.domain.provisioning import ProvisionOutcome
from rotating_rds_function.domain.strategies import STRATEGIES
from rotating_rds_function.domain.versions import AWSPENDING
from tests.support.cuts import SENTENCE, cut
from tests.support.declared_users import PASSWORD
from tests.support.leaks import find_leaks
from tests.support.postgres import MASTER_PASSWORD

if TYPE_CHECKING:
    from tests.support.declared_users import DeclaredUser

LEVELS = ("read_only", "read_write", "ddl")
EARLY = ("CREATE TABLE {}.early (id integer, note varchar(9))", "CREATE VIEW {}.seen AS SELECT id FROM {}.early")
LATE = ("CREATE TABLE {}.late (id integer, note varchar(9))",)
# The lowest level that may run it; each may do what those before it may.
PROBES = {
    "SELECT id FROM {}.early": "read_only",
    "SELECT id FROM {}.seen": "read_only",
    "SELECT id FROM {}.late": "read_only",
    "INSERT INTO {}.early (id) VALUES (1)": "read_write",
    "INSERT INTO {}.late (id) VALUES (1)": "read_write",
    "UPDATE {}.early SET id = 2": "read_write",
    "DELETE FROM {}.late": "read_write",
    "CREATE TABLE {}.made (id integer)": "ddl",
    "ALTER TABLE {}.late ADD COLUMN more integer": "ddl",
    "CREATE INDEX by_id ON {}.late (id)": "ddl",
    "CREATE VIEW {}.other AS SELECT id FROM {}.early": "ddl",
    "DROP VIEW {}.seen": "ddl",
    "TRUNCATE TABLE {}.early": "ddl",
    "DROP TABLE {}.late": "ddl",
}


def _allowed(level: str) -> dict[str, bool]:
    return {statement: LEVELS.index(least) <= LEVELS.index(level) for statement, least in PROBES.items()}


def _probed(user: DeclaredUser) -> dict[str, bool]:
    return {statement: user.may(statement) for statement in PROBES}


def test_a_user_is_made_and_logs_in_with_its_secret(declared: DeclaredUser) -> None:
    """By its first login; the second one of a pair is made at its first turn."""
    assert declared.carry_out() is ProvisionOutcome.SUCCEEDED
    assert declared.logs_in()
    assert not declared.exists(declared.alternate)


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_is_exactly_what_the_user_may_do(declared: DeclaredUser, level: str) -> None:
    """Neither less nor more, of what is there and of what is made later."""
    migrations = declared.made_by_a_migration(*EARLY)
    declared.carry_out(Schemas={declared.schema: level})
    migrations.do(*LATE)
    assert _probed(declared) == _allowed(level)


@pytest.mark.parametrize("then", LEVELS)
@pytest.mark.parametrize("first", LEVELS)
def test_a_changed_level_holds_for_both_logins_at_once(declared: DeclaredUser, first: str, then: str) -> None:
    """What is no longer declared is taken away, what is new is there, and neither password is touched."""
    migrations = declared.made_by_a_migration(*EARLY)
    declared.carry_out(Schemas={declared.schema: first})
    declared.rotate()
    declared.carry_out("Update", old={"Schemas": {declared.schema: first}}, Schemas={declared.schema: then})
    migrations.do(*LATE)
    assert declared.current[0] == declared.alternate
    assert _probed(declared) == _allowed(then)
    assert declared.engine.accepts(declared.username, PASSWORD)
    assert declared.differences() == []


def test_a_level_ends_at_its_schema(declared: DeclaredUser) -> None:
    """Also at one whose name the first one's would match, if it were taken for a pattern."""
    sibling = declared.another("sibling")
    sibling.schema = declared.schema.replace("_", "X")
    sibling.carry_out(Schemas={sibling.schema: "ddl"}, AlternateUsername=None)
    sibling.do("CREATE TABLE {}.private (id integer)")
    declared.carry_out()
    assert not declared.may(sibling.written("SELECT id FROM {}.private"))
    assert not declared.may(sibling.written("CREATE TABLE {}.more (id integer)"))


def test_making_a_user_again_changes_nothing(declared: DeclaredUser) -> None:
    """CloudFormation repeats what it has heard no answer of."""
    declared.made_by_a_migration(*EARLY)
    statements: dict[str, Any] = {"Statements": declared.grants_on("early", "DELETE")}
    declared.carry_out(**statements)
    declared.rotate()
    before = declared.described()
    declared.carry_out(**statements)
    declared.carry_out("Update", old={}, **statements)
    assert declared.described() == before
    assert declared.logs_in()


class _Busy:
    """An application's session that queries until it is told to stop."""

    def __init__(self, user: DeclaredUser, statement: str) -> None:
        self._session, self._statement = user.session(), user.written(statement)
        self._stop, self._rounds = threading.Event(), threading.Semaphore(0)
        self.failures: list[Exception] = []
        self._thread = threading.Thread(target=self._query)
        self._thread.start()

    def _query(self) -> None:
        while not self._stop.is_set() and not self.failures:
            try:
                self._session.verify(self._statement)
            except Exception as error:  # noqa: BLE001 - whatever it is, the session noticed
                self.failures.append(error)
            self._rounds.release()

    def __enter__(self) -> Self:
        self.await_rounds()
        return self

    def __exit__(self, *_: object) -> None:
        self.await_rounds()
        self._stop.set()
        self._thread.join(10)
        self._session.close()

    def await_rounds(self) -> None:
        """Wait until it has queried a few times more."""
        for _ in range(3):
            assert self._rounds.acquire(timeout=10)


def test_an_open_session_misses_nothing_that_it_has_before_and_after(declared: DeclaredUser) -> None:
    """While levels and statements change: they give the same privilege in turn, and it is never away."""
    declared.made_by_a_migration(*EARLY)
    one: dict[str, Any] = {"Schemas": {declared.schema: "read_write"}, "Statements": []}
    two: dict[str, Any] = {"Schemas": {}, "Statements": declared.grants_on("early")}
    three: dict[str, Any] = {"Schemas": {declared.schema: "read_only"}, "Statements": declared.grants_on("seen")}
    declared.carry_out(**one)
    with _Busy(declared, "SELECT id FROM {}.early") as busy:
        for changed in (two, three, two, one, three):
            declared.carry_out("Update", old={}, **changed)
    assert busy.failures == []


def test_an_open_session_notices_what_is_taken_away(declared: DeclaredUser) -> None:
    """At its next statement."""
    declared.made_by_a_migration(*EARLY)
    declared.carry_out()
    with closing(declared.session()) as session:
        session.verify(declared.written("DELETE FROM {}.early"))
        declared.carry_out("Update", old={}, Schemas={declared.schema: "read_only"})
        session.verify(declared.written("SELECT id FROM {}.early"))
        with pytest.raises(PrivilegeError):
            session.verify(declared.written("DELETE FROM {}.early"))


def test_what_was_granted_by_hand_is_taken_back(declared: DeclaredUser) -> None:
    """Privileges, roles, the right to hand them on: of both logins, whichever got it."""
    declared.carry_out()
    declared.rotate()
    before = declared.described()
    declared.give_by_hand()
    declared.carry_out("Update", old={})
    assert [line for line in declared.described() if "extra" not in str(line) and "by_hand" not in str(line)] == before
    for statement in ("SELECT id FROM {}.by_hand", "CREATE TABLE {}.made (id integer)"):
        assert declared.may(statement) is (statement.startswith("SELECT"))


def test_statements_give_what_no_level_has(declared: DeclaredUser) -> None:
    """To both logins, and what they gave goes with them."""
    declared.made_by_a_migration(*EARLY, *LATE)
    statements = declared.grants_on("early")
    declared.carry_out(Schemas={}, Statements=statements)
    for _ in range(2):
        assert declared.may("SELECT id FROM {}.early")
        assert not declared.may("SELECT id FROM {}.late")
        declared.rotate()
    declared.carry_out("Update", old={"Statements": statements}, Schemas={}, Statements=[])
    assert not declared.may("SELECT id FROM {}.early")
    assert declared.differences() == []


def test_a_failing_statement_is_named_with_its_cause_and_changes_nothing(declared: DeclaredUser) -> None:
    """CloudFormation rolls back; the user is what it was, and nothing else is left behind."""
    declared.made_by_a_migration(*EARLY)
    declared.carry_out()
    declared.rotate()
    before, users = declared.described(), declared.everybody()
    statements = [*declared.grants_on("early", "DELETE"), declared.written("GRANT SELECT ON {}.nothing TO {grantee}")]
    with pytest.raises(WrongStateError) as caught:
        declared.carry_out("Update", old={}, Schemas={declared.schema: "ddl"}, Statements=statements)
    assert str(caught.value).startswith(f"Statement {len(statements)} of the user's declaration (")
    assert "nothing TO {grantee}" in str(caught.value)
    assert "error 1146" in str(caught.value) or "SQLSTATE 42P01" in str(caught.value)
    assert declared.described() == before
    assert declared.everybody() == users


def test_a_statement_that_the_administrator_may_not_run_is_a_privilege_error(declared: DeclaredUser) -> None:
    """And the user, who was not there before, is not there afterwards."""
    with pytest.raises(PrivilegeError, match=r"^Statement 1 of the user's declaration"):
        declared.carry_out(Statements=[declared.forbidden_statement])
    assert not declared.exists(declared.username)


def test_a_user_who_exists_gets_the_declared_password(declared: DeclaredUser) -> None:
    """The secret is the only source of truth; a login with a password from elsewhere is out."""
    declared.carry_out()
    declared.rotate()
    rotated = declared.current
    declared.rotate()
    declared.set_password(declared.username, "of somebody else")
    declared.carry_out("Update", old={})
    assert declared.logs_in()
    assert not declared.engine.accepts(*rotated)
    declared.rotate()
    assert declared.logs_in()
    assert declared.differences() == []


def test_the_pending_password_of_a_rotation_is_left_alone(declared: DeclaredUser) -> None:
    """FinishSecret promotes it without asking the database again."""
    declared.carry_out(AlternateUsername=None)
    declared.set_password(declared.username, "the pending password")
    declared.store.stage("pending", AWSPENDING, value="{}")
    with pytest.raises(NotReadyError, match="rotation of the secret is under way"):
        declared.carry_out("Update", seconds=2.5, old={}, AlternateUsername=None)
    assert declared.engine.accepts(declared.username, "the pending password")


@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
def test_a_declared_user_is_rotated_by_every_strategy(declared: DeclaredUser, strategy: str) -> None:
    """Again and again, and stays exactly what it is declared to be: provisioning it again changes nothing."""
    changed: dict[str, Any] = {} if strategy == "alternating_users" else {"AlternateUsername": None}
    declared.made_by_a_migration(*EARLY, *LATE)
    declared.carry_out(**changed)
    before = declared.described()
    for _ in range(3):
        declared.rotate(strategy)
        assert declared.logs_in()
        assert _probed(declared) == _allowed("read_write")
        assert strategy == "alternating_users" or declared.described() == before
    described = declared.described()
    declared.carry_out("Update", old={}, **changed)
    assert declared.described() == described
    assert declared.logs_in()


def test_a_single_login_becomes_a_pair_and_one_login_again(declared: DeclaredUser) -> None:
    """Sessions go on throughout; the second login is gone in the end."""
    declared.made_by_a_migration(*EARLY)
    declared.carry_out(AlternateUsername=None)
    with _Busy(declared, "SELECT id FROM {}.early") as busy:
        declared.rotate("single_user")
        declared.carry_out("Update", old={"AlternateUsername": None})
        declared.rotate()
        assert declared.current[0] == declared.alternate
        with pytest.raises(RefusedError, match="RotateSecret"):
            declared.carry_out("Update", old={"AlternateUsername": declared.alternate}, AlternateUsername=None)
        declared.rotate()
        declared.carry_out("Update", old={"AlternateUsername": declared.alternate}, AlternateUsername=None)
        assert not declared.exists(declared.alternate)
        declared.rotate("single_user")
    assert busy.failures == []
    assert declared.logs_in()


def test_a_retained_second_login_does_not_log_in_until_it_is_one_of_a_pair_again(declared: DeclaredUser) -> None:
    """It may be what things of others depend on."""
    declared.carry_out()
    declared.rotate()
    rotated = declared.current
    declared.rotate()
    declared.carry_out(
        "Update", old={"AlternateUsername": declared.alternate}, AlternateUsername=None, Removal="retain"
    )
    assert declared.exists(declared.alternate)
    assert not declared.engine.accepts(*rotated)
    declared.carry_out("Update", old={"AlternateUsername": None})
    declared.rotate()
    assert declared.current[0] == declared.alternate
    assert declared.logs_in()


def test_a_former_login_that_is_another_user_s_is_left_alone(declared: DeclaredUser) -> None:
    """GIVEN an update that named it, was refused, and is rolled back."""
    bob = declared.another("bob")
    bob.carry_out(AlternateUsername=None, Schemas={declared.schema: "read_only"})
    declared.carry_out()
    declared.carry_out("Update", old={"AlternateUsername": bob.username})
    assert bob.logs_in()


def test_a_removed_user_is_gone_with_both_logins_and_what_it_made_stays(declared: DeclaredUser) -> None:
    """GIVEN open sessions of it; a second request finds nothing to do."""
    ddl: dict[str, Any] = {"Schemas": {declared.schema: "ddl"}}
    declared.carry_out(**ddl)
    declared.do(*EARLY)
    declared.rotate()
    declared.do(*LATE)
    reader = declared.another("reader")
    reader.carry_out(Schemas={declared.schema: "read_only"})
    with closing(declared.session()) as session:
        session.verify(declared.written("INSERT INTO {}.early (id) VALUES (1)"))
        for _ in range(2):
            assert declared.carry_out("Delete", **ddl) is ProvisionOutcome.SUCCEEDED
            assert not declared.logs_in()
    for statement in ("SELECT id FROM {}.early", "SELECT id FROM {}.late", "SELECT id FROM {}.seen"):
        assert reader.may(statement)


def test_a_removed_user_can_be_made_again(declared: DeclaredUser) -> None:
    """And use what it had made."""
    ddl: dict[str, Any] = {"Schemas": {declared.schema: "ddl"}}
    declared.carry_out(**ddl)
    declared.do(*EARLY)
    declared.carry_out("Delete", **ddl)
    declared.put(declared.username, "the password of another secret")
    declared.carry_out(**ddl)
    declared.do("SELECT id FROM {}.seen", "DROP VIEW {}.seen", "DROP TABLE {}.early")


def test_a_retained_user_is_left_alone(declared: DeclaredUser) -> None:
    """Nobody is asked."""
    declared.carry_out()
    before = declared.described()
    assert declared.carry_out("Delete", Removal="retain", Database="gone") is ProvisionOutcome.RETAINED
    assert declared.described() == before
    assert declared.logs_in()


def test_a_renamed_user_is_another_one(declared: DeclaredUser) -> None:
    """With the same secret, which names it before CloudFormation deletes the old one."""
    declared.carry_out(AlternateUsername=None)
    old, declared.username = declared.username, declared.name("renamed")
    declared.put(declared.username, "the password of the new name")
    declared.carry_out("Update", old={"Username": old}, AlternateUsername=None)
    assert declared.logs_in()
    assert declared.carry_out("Delete", Username=old, AlternateUsername=None) is ProvisionOutcome.SUCCEEDED
    assert not declared.exists(old)
    assert declared.logs_in()


def test_a_user_of_another_secret_by_now_is_not_dropped(declared: DeclaredUser) -> None:
    """GIVEN a declaration that moved within its app, with either login of its pair in use."""
    declared.carry_out()
    declared.rotate()
    moved = declared.another("web")
    moved.put(moved.username, "the password of the new secret")
    moved.carry_out()
    assert declared.carry_out("Delete") is ProvisionOutcome.TAKEN_OVER
    assert moved.logs_in()
    moved.rotate()
    assert declared.carry_out("Delete") is ProvisionOutcome.TAKEN_OVER
    assert moved.logs_in()


def test_a_login_that_somebody_locked_stays_locked(declared: DeclaredUser) -> None:
    """And is told before anything changes."""
    declared.carry_out()
    declared.engine.lock_out(declared.username)
    before = declared.described()
    with pytest.raises(WrongStateError, match="find out"):
        declared.carry_out("Update", old={}, Schemas={declared.schema: "ddl"})
    assert declared.described() == before


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_who_is_more_than_a_user_is_refused(declared: DeclaredUser, kind: str) -> None:
    """As the target of an administrator's rotation would be; the service's own user under whatever name."""
    boss = declared.another("boss")
    boss.carry_out()
    declared.promote(boss.username)
    before = boss.described()
    for key in ("Username", "AlternateUsername"):
        declared.put(boss.username if key == "Username" else declared.username, PASSWORD)
        changed: dict[str, Any] = {key: boss.username}
        with pytest.raises(RefusedError):
            declared.carry_out(kind, **changed)
    assert boss.described() == before


def test_an_administrator_without_the_right_is_told_what_it_lacks(declared: DeclaredUser) -> None:
    """Before anything is changed."""
    nobody = declared.another("nobody")
    nobody.carry_out(AlternateUsername=None, Schemas={})
    declared.store.others = {key: nobody.store.value_of("AWSCURRENT") for key in declared.store.others}
    users = declared.everybody()
    with pytest.raises(PrivilegeError, match=r"administrator.* lacks"):
        declared.carry_out(AdministratorUsername=nobody.username)
    assert declared.everybody() == users


def test_users_of_one_database_are_made_at_the_same_time(declared: DeclaredUser) -> None:
    """CloudFormation makes what does not depend on each other all at once."""
    users = [declared.another(f"user{number}") for number in range(4)]
    failures: list[Exception] = []

    def make(user: DeclaredUser) -> None:
        try:
            user.carry_out(Schemas={declared.schema: "ddl" if user.kind == "user0" else "read_write"})
        except Exception as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [threading.Thread(target=make, args=(user,)) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
    assert [user.logs_in() for user in users] == [True] * 4
    users[0].do("CREATE TABLE {}.made (id integer)")
    users[1].do("INSERT INTO {}.made (id) VALUES (1)")


_REQUESTED = ("Create", "Update", "Delete")


def _prepare(declared: DeclaredUser, kind: str) -> None:
    """Bring a user into the state that a request finds."""
    if kind == "Create":
        declared.carry_out("Delete")
    else:
        declared.carry_out("Create", Statements=declared.grants_on("early"))
        declared.rotate()


def _recorded(declared: DeclaredUser, kind: str, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> int:
    _prepare(declared, kind)
    with cut(monkeypatch) as statements:
        declared.carry_out(kind, **asked)
    return len(statements)


@pytest.mark.parametrize("kind", _REQUESTED)
def test_a_request_that_is_cut_off_anywhere_is_completed_by_the_next_one(
    declared: DeclaredUser, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every statement: who logs in by then has all that was declared, and the end is the same."""
    declared.made_by_a_migration(*EARLY)
    asked: dict[str, Any] = {"Schemas": {declared.schema: "ddl"}, "Statements": declared.grants_on("early", "DELETE")}
    count = _recorded(declared, kind, asked, monkeypatch)
    ended, users = declared.described(), declared.everybody()
    for point in range(0, count, declared.stride):
        _prepare(declared, kind)
        with cut(monkeypatch, after=point), pytest.raises(WrongStateError, match=SENTENCE):
            declared.carry_out(kind, **asked)
        if kind == "Create" and declared.logs_in():
            assert declared.may("DELETE FROM {}.early")
        declared.carry_out(kind, **asked)
        assert declared.logs_in() is (kind != "Delete")
        assert declared.everybody() == users
        if kind != "Update":  # where the other login of the pair is in use each time
            assert declared.described() == ended
    assert count > 2


def test_no_log_of_the_server_holds_a_password(declared: DeclaredUser) -> None:
    """Whatever happens to a user: made, changed, rotated, given its password again, removed."""
    begins = declared.log_positions()
    declared.carry_out()
    declared.rotate()
    declared.rotate()
    declared.set_password(declared.username, "of somebody else")
    declared.carry_out("Update", old={})
    with pytest.raises(RotationError, match="the statements that are deployed"):
        declared.carry_out("Update", Statements=["GRANT nothing TO {grantee} at all"])
    declared.carry_out("Delete")
    logs = declared.statements_logged_since(begins)
    assert declared.username.partition("'")[0] in logs[0]
    assert find_leaks([*declared.store.values.values(), PASSWORD, MASTER_PASSWORD], logs) == []

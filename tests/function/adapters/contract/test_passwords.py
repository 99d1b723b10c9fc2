"""Setting passwords on every engine: by the user itself, by an administrator, whatever the names, unseen by any log."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from rotating_rds_function.domain.errors import (
    AuthenticationError,
    ConfigurationError,
    NotReadyError,
    PrivilegeError,
    RotationError,
)
from tests.support.engines import MASTER, PASSWORD
from tests.support.leaks import find_leaks
from tests.support.postgres import MASTER_PASSWORD

if TYPE_CHECKING:
    from rotating_rds_function.domain.ports import Database
    from tests.support.engines import EngineUnderTest

SECOND = "the second password"

_NAMES = [
    "plain",
    "Mixed-Case.User",
    "o'hara",
    'a "quoted" name',
    "back\\slash\\",
    "back`tick",
    "100% %s %(x)s",
    "été",
    "用户",
    "semi;colon--",
    "at@sign",
    "under_score",
    "{}",
]
_PASSWORDS = [
    "plain-password",
    "o'hara's password",
    'a "quoted" password',
    "back\\slash\\",
    "100% %s %(x)s",
    "pässwörd-é",
    "密码密码密码",
    "p" * 41,
    "$1 :name {} ~`#&*()|[]<>?!/@+=",
]


def change(database: Database, user: str, old: str, new: str) -> None:
    """Have a user change its own password."""
    with closing(database.login(user, old)) as session:
        session.lock(user)
        session.replace_password(user, new)


@pytest.mark.parametrize("name", [*_NAMES, "the longest"])
def test_any_user_changes_its_own_password(engine: EngineUnderTest, name: str) -> None:
    """Names are quoted, never formatted."""
    user = engine.user(engine.longest_name if name == "the longest" else name)
    change(engine.database(), user, PASSWORD, SECOND)
    assert engine.accepts(user, SECOND)
    assert not engine.accepts(user, PASSWORD)


@pytest.mark.parametrize("name", _NAMES)
def test_an_administrator_changes_any_user_s_password(engine: EngineUnderTest, name: str) -> None:
    """With the privileges that a master has on RDS, and no others."""
    user = engine.user(name)
    with closing(engine.master()) as session:
        session.refuse_protected(user)
        session.check_administrator(user, None)
        session.lock(user)
        session.replace_password(user, SECOND)
    assert engine.accepts(user, SECOND)
    assert not engine.accepts(user, PASSWORD)


@pytest.mark.parametrize("password", _PASSWORDS)
def test_any_password_can_be_set_and_logs_in(engine: EngineUnderTest, password: str) -> None:
    """By the user as well as by the administrator."""
    user = engine.user()
    change(engine.database(), user, PASSWORD, password)
    assert engine.accepts(user, password)
    with closing(engine.master()) as session:
        session.lock(user)
        session.replace_password(user, SECOND)
        session.lock(user)
        session.replace_password(user, password)
    assert engine.accepts(user, password)


@pytest.mark.parametrize("password", [text for text in _PASSWORDS if len(text) >= 8])
def test_no_log_of_the_server_holds_a_password(engine: EngineUnderTest, password: str) -> None:
    """The server logs every statement; set by user and administrator, with and without one to keep."""
    user = engine.user("secretive")
    begins = [log.stat().st_size for log in engine.statement_logs]
    change(engine.database(), user, PASSWORD, password)
    with closing(engine.master()) as session:
        for keep in (None, password):
            session.lock(user)
            session.replace_password(user, SECOND, keep=keep)
    logs = [
        log.read_bytes()[begin:].decode(errors="replace")
        for log, begin in zip(engine.statement_logs, begins, strict=True)
    ]
    assert "secretive" in logs[0]
    assert find_leaks([password, PASSWORD, SECOND, MASTER_PASSWORD], logs) == []


def test_setting_a_password_again_changes_nothing(engine: EngineUnderTest) -> None:
    """A step may be repeated after it did its work."""
    user = engine.user()
    for _ in range(2):
        with closing(engine.master()) as session:
            session.lock(user)
            session.replace_password(user, SECOND)
    assert engine.accepts(user, SECOND)


def test_the_kept_password_logs_in_where_the_engine_retains_one(engine: EngineUnderTest) -> None:
    """Elsewhere the new one replaces it; however often it is done."""
    user = engine.user()
    for _ in range(3):
        with closing(engine.master()) as session:
            session.lock(user)
            session.replace_password(user, SECOND, keep=PASSWORD)
        assert engine.accepts(user, SECOND)
        assert engine.accepts(user, PASSWORD) is engine.database().retains_passwords


def test_a_discarded_password_no_longer_logs_in(engine: EngineUnderTest) -> None:
    """And the newest one goes on; also where there is none to discard."""
    user = engine.user()
    with closing(engine.master()) as session:
        session.lock(user)
        session.replace_password(user, SECOND, keep=PASSWORD)
        for _ in range(2):
            session.lock(user)
            session.discard_retained(user)
    assert engine.accepts(user, SECOND)
    assert not engine.accepts(user, PASSWORD)


def test_an_account_that_an_operator_locked_stays_locked(engine: EngineUnderTest) -> None:
    """A rotation is no reason to let somebody in again."""
    user = engine.user()
    engine.lock_out(user)
    with closing(engine.master()) as session:
        session.lock(user)
        session.replace_password(user, SECOND)
    assert not engine.accepts(user, SECOND)


def test_another_user_s_password_is_a_privilege_error(engine: EngineUnderTest) -> None:
    """An application user changes itself only."""
    other, user = engine.user("other"), engine.user()
    with closing(engine.database().login(user, PASSWORD)) as session:
        session.lock(other)
        with pytest.raises(PrivilegeError) as caught:
            session.replace_password(other, SECOND)
    assert caught.value.__context__ is None
    assert find_leaks([PASSWORD, SECOND], [str(caught.value)]) == []


@pytest.mark.parametrize("password", ["wrong password", PASSWORD.upper(), PASSWORD + " "])
def test_a_wrong_password_is_an_authentication_error_that_does_not_tell_it(
    engine: EngineUnderTest, password: str
) -> None:
    """The one cause that the strategies act upon."""
    user = engine.user()
    with pytest.raises(AuthenticationError) as caught:
        engine.database().login(user, password)
    assert find_leaks([password], [str(caught.value), repr(caught.value)]) == []
    assert caught.value.__context__ is None


def test_an_unknown_user_is_an_authentication_error(engine: EngineUnderTest) -> None:
    """The server does not tell whether it is user or password."""
    with pytest.raises(AuthenticationError):
        engine.database().login("nobody", PASSWORD)


@pytest.mark.parametrize("name", ["", "one too long", "é" * 129, "nul\0"])
def test_a_user_name_that_the_engine_cannot_hold_is_refused(engine: EngineUnderTest, name: str) -> None:
    """The server would cut or convert it, and so address another user."""
    with pytest.raises(ConfigurationError):
        engine.database().login(engine.longest_name * 2 if name == "one too long" else name, PASSWORD)


def test_the_deployment_s_query_is_run_as_the_user(engine: EngineUnderTest) -> None:
    """And what it may not do is a privilege or a state to name, without a word of the server's."""
    user = engine.user()
    with closing(engine.database().login(user, PASSWORD)) as session:
        session.verify(None)
        session.verify("SELECT 1")
        with pytest.raises(RotationError) as caught:
            session.verify("SELECT secret_word FROM nowhere.at_all")
    assert "secret_word" not in str(caught.value)


def test_without_time_left_nothing_is_begun(engine: EngineUnderTest) -> None:
    """Lambda would stop the function in the middle of it."""
    with pytest.raises(NotReadyError, match="raise the function's time-out"):
        engine.database(seconds=0.1).login(engine.user(), PASSWORD)


def test_the_session_s_own_user_is_no_target_for_an_administrator(engine: EngineUnderTest) -> None:
    """Its password would change under the feet of its own secret."""
    with closing(engine.master()) as session, pytest.raises(RotationError) as caught:
        session.refuse_protected(MASTER)
    assert caught.value.cause == "refused"


def test_the_user_of_the_service_is_no_target(engine: EngineUnderTest) -> None:
    """Whatever name it has: it may do more than any administrator of a customer."""
    with closing(engine.master()) as session, pytest.raises(RotationError) as caught:
        session.refuse_protected("rdsadmin")
    assert caught.value.cause == "refused"


def test_a_user_who_does_not_exist_is_not_refused(engine: EngineUnderTest) -> None:
    """A twin that is still to be made, for example."""
    with closing(engine.master()) as session:
        session.refuse_protected("not made yet")


def test_an_administrator_without_privileges_is_named_before_anything_changes(engine: EngineUnderTest) -> None:
    """As a privilege error; the password stays."""
    user, powerless = engine.user(), engine.user("powerless")
    with closing(engine.database().login(powerless, PASSWORD)) as session, pytest.raises(PrivilegeError) as caught:
        session.check_administrator(user, None)
    assert "lack" in str(caught.value)
    assert engine.accepts(user, PASSWORD)

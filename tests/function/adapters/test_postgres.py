"""The PostgreSQL adapter on a real server, over verified TLS."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from rotating_rds_function.adapters.postgres import lock_key
from rotating_rds_function.domain.errors import (
    AuthenticationError,
    ConfigurationError,
    NotReadyError,
    PrivilegeError,
    WrongStateError,
)
from tests.support.leaks import find_leaks
from tests.support.rotations import FIRST_PASSWORD as PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.databases import PostgresServer
    from rotating_rds_function.adapters.postgres import Postgres

_NAMES = [
    "plain",
    "Mixed-Case.User",
    "o'hara",
    'a "quoted" name',
    "back\\slash",
    "100%",
    "été",
    "用户",
    "semi;colon--",
    "$1",
    ":name",
    " leading blank",
    "x" * 63,
]

_PASSWORDS = [
    "plain-password",
    "o'hara's password",
    'a "quoted" password',
    "back\\slash\\",
    "100% %s %(x)s",
    "pässwörd-é",
    "non\u00a0breaking",  # SASLprep: becomes a blank
    "ⅸ-roman",  # SASLprep: NFKC
    "密码密码密码",
    "p" * 128,
    "$1 :name {} ~`#&*()|[]<>?!/@+=",
]


def _change(database: Postgres, user: str, old: str, new: str) -> None:
    with closing(database.login(user, old)) as session:
        session.lock(user)
        session.set_password(user, new)


@pytest.mark.parametrize("name", _NAMES)
def test_any_user_name_that_postgres_can_hold_changes_its_password(
    database: Callable[..., Postgres], role: Callable[..., str], name: str
) -> None:
    """Identifiers are quoted, never formatted."""
    user = role(name)
    _change(database(), user, PASSWORD, "the second password")
    with closing(database().login(user, "the second password")) as session:
        session.verify()


@pytest.mark.parametrize("password", _PASSWORDS)
def test_any_password_can_be_set_and_logs_in(
    database: Callable[..., Postgres], role: Callable[..., str], password: str
) -> None:
    """What the verifier was made of is what the server checks, SASLprep included."""
    user = role()
    _change(database(), user, PASSWORD, password)
    database().login(user, password).close()


@pytest.mark.parametrize("password", [text for text in _PASSWORDS if len(text) >= 8])
def test_the_server_never_sees_a_password(
    database: Callable[..., Postgres], role: Callable[..., str], postgres: PostgresServer, password: str
) -> None:
    """It logs every statement, and has a verifier to log."""
    user = role("secretive")
    begin = postgres.log_file.stat().st_size
    _change(database(), user, PASSWORD, password)
    log = postgres.log_file.read_bytes()[begin:].decode()
    assert 'ALTER ROLE "secretive" PASSWORD \'SCRAM-SHA-256$4096:' in log
    assert find_leaks([password, PASSWORD], [log]) == []


def test_the_old_password_no_longer_logs_in(database: Callable[..., Postgres], role: Callable[..., str]) -> None:
    """A user of PostgreSQL has one password."""
    user = role()
    _change(database(), user, PASSWORD, "the second password")
    with pytest.raises(AuthenticationError):
        database().login(user, PASSWORD)


def test_a_session_that_acts_as_another_role_changes_its_own_password(
    database: Callable[..., Postgres], role: Callable[..., str], run_as_superuser: Callable[..., Any]
) -> None:
    """Alternating logins act as an access role, as which they may not (42501)."""
    run_as_superuser("CREATE ROLE access NOLOGIN")
    user = role()
    run_as_superuser(f"GRANT access TO {user}")
    run_as_superuser(f"ALTER ROLE {user} SET role TO access")
    _change(database(), user, PASSWORD, "the second password")
    run_as_superuser("DROP ROLE access")
    database().login(user, "the second password").close()


def test_a_user_whose_transactions_are_read_only_changes_its_password(
    database: Callable[..., Postgres], role: Callable[..., str], run_as_superuser: Callable[..., Any]
) -> None:
    """Reporting users are often set up so."""
    user = role()
    run_as_superuser(f"ALTER ROLE {user} SET default_transaction_read_only TO on")
    _change(database(), user, PASSWORD, "the second password")
    database().login(user, "the second password").close()


def test_the_master_user_changes_its_own_password(database: Callable[..., Postgres], role: Callable[..., str]) -> None:
    """It has CREATEROLE, and is no superuser."""
    user = role("another_master", options="CREATEROLE CREATEDB")
    _change(database(), user, PASSWORD, "the second password")
    database().login(user, "the second password").close()


def test_nothing_is_changed_when_the_session_ends_before_the_password_is_set(
    database: Callable[..., Postgres], role: Callable[..., str]
) -> None:
    """The lock is held by a transaction that changes nothing until then."""
    user = role()
    with closing(database().login(user, PASSWORD)) as session:
        session.lock(user)
    database().login(user, PASSWORD).close()


def test_a_second_run_waits_for_the_first_and_goes_on_when_it_is_done(
    database: Callable[..., Postgres], role: Callable[..., str]
) -> None:
    """Two runs at once take turns."""
    user = role()
    with closing(database().login(user, PASSWORD)) as first, closing(database().login(user, PASSWORD)) as second:
        first.lock(user)
        waiting = threading.Thread(target=second.lock, args=(user,))
        waiting.start()
        waiting.join(0.2)
        assert waiting.is_alive()
        first.set_password(user, "the second password")
        waiting.join(5)
        assert not waiting.is_alive()


def test_a_lock_that_is_not_released_is_given_up_in_time(
    database: Callable[..., Postgres], role: Callable[..., str]
) -> None:
    """Half of the remaining time is left for another attempt and the report."""
    user = role()
    with closing(database().login(user, PASSWORD)) as first:
        first.lock(user)
        began = time.monotonic()
        with closing(database(seconds=1).login(user, PASSWORD)) as second, pytest.raises(NotReadyError, match="55P03"):
            second.lock(user)
        assert 0.3 < time.monotonic() - began < 0.9


def test_a_session_that_is_abandoned_in_its_transaction_is_ended_by_the_server(
    database: Callable[..., Postgres], role: Callable[..., str]
) -> None:
    """A function that Lambda froze or killed must not hold the lock."""
    user = role()
    with closing(database(seconds=0.6).login(user, PASSWORD)) as abandoned:
        abandoned.lock(user)
        with closing(database().login(user, PASSWORD)) as other:
            other.lock(user)  # returns when the server has ended the first session


def test_users_have_locks_of_their_own() -> None:
    """The keys are stable over processes, and fit into PostgreSQL's bigint."""
    assert lock_key("orders") == lock_key("orders") != lock_key("Orders")
    assert all(-(2**63) <= lock_key(name) < 2**63 for name in _NAMES)


@pytest.mark.parametrize("password", ["wrong password", PASSWORD.upper(), PASSWORD + " "])
def test_a_wrong_password_is_an_authentication_error_that_does_not_tell_it(
    database: Callable[..., Postgres], role: Callable[..., str], password: str
) -> None:
    """The one cause that the strategies act upon."""
    user = role()
    with pytest.raises(AuthenticationError, match="28P01") as caught:
        database().login(user, password)
    assert find_leaks([password], [str(caught.value), repr(caught.value)]) == []
    assert caught.value.__context__ is None


def test_an_unknown_user_is_an_authentication_error(database: Callable[..., Postgres]) -> None:
    """The server does not tell whether it is user or password."""
    with pytest.raises(AuthenticationError):
        database().login("nobody", PASSWORD)


def test_a_role_that_may_not_log_in_is_an_authentication_error(
    database: Callable[..., Postgres], role: Callable[..., str], run_as_superuser: Callable[..., Any]
) -> None:
    """SQLSTATE 28000, of the same class."""
    user = role()
    run_as_superuser(f"ALTER ROLE {user} NOLOGIN")
    with pytest.raises(AuthenticationError, match="28000"):
        database().login(user, PASSWORD)


def test_a_password_that_saslprep_prohibits_is_an_authentication_error(
    database: Callable[..., Postgres], role: Callable[..., str]
) -> None:
    """It cannot be checked by SCRAM; the sentence says why without showing it."""
    with pytest.raises(AuthenticationError, match="SASLprep"):
        database().login(role(), "bell\x07password")


def test_a_pending_password_that_saslprep_prohibits_is_not_set(
    database: Callable[..., Postgres], role: Callable[..., str]
) -> None:
    """It could never log in."""
    user = role()
    with closing(database().login(user, PASSWORD)) as session:
        session.lock(user)
        with pytest.raises(WrongStateError, match="SASLprep"):
            session.set_password(user, "bell\x07password")
    database().login(user, PASSWORD).close()


def test_another_user_s_password_is_a_privilege_error(
    database: Callable[..., Postgres], role: Callable[..., str]
) -> None:
    """An application user changes itself only."""
    other, user = role("other"), role()
    with closing(database().login(user, PASSWORD)) as session:
        session.lock(other)
        with pytest.raises(PrivilegeError, match="42501") as caught:
            session.set_password(other, "the second password")
    assert caught.value.__context__ is None


def test_a_database_that_does_not_exist_is_a_wrong_state(
    database: Callable[..., Postgres], role: Callable[..., str]
) -> None:
    """The deployment names it."""
    with pytest.raises(WrongStateError, match="3D000"):
        database(database="nowhere").login(role(), PASSWORD)


def test_a_user_without_a_free_connection_is_not_ready(
    database: Callable[..., Postgres], role: Callable[..., str]
) -> None:
    """SQLSTATE 53300: connections come back."""
    user = role(options="CONNECTION LIMIT 1")
    with closing(database().login(user, PASSWORD)), pytest.raises(NotReadyError, match="53300"):
        database().login(user, PASSWORD)


def test_a_read_only_server_is_not_ready(database: Callable[..., Postgres], role: Callable[..., str]) -> None:
    """What a former writer answers after a failover (25006)."""
    user = role()
    with closing(database().login(user, PASSWORD)) as session:
        session.lock(user)
        session._run("SET TRANSACTION READ ONLY")
        with pytest.raises(NotReadyError, match="25006"):
            session.set_password(user, "the second password")


@pytest.mark.parametrize("name", ["", "x" * 64, "é" * 32, "nul\0"])
def test_a_user_name_that_postgres_cannot_hold_is_refused(database: Callable[..., Postgres], name: str) -> None:
    """PostgreSQL would cut it, and so address another role."""
    with pytest.raises(ConfigurationError, match="1 to 63 bytes"):
        database().login(name, PASSWORD)

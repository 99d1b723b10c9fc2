"""Setting passwords on a real PostgreSQL, by whichever name, unseen by the server."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from rotating_rds_function.domain.errors import (
    AuthenticationError,
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
        session.replace_password(user, new)


@pytest.mark.parametrize("name", _NAMES)
def test_any_user_name_that_postgres_can_hold_changes_its_password(
    database: Callable[..., Postgres], role: Callable[..., str], name: str
) -> None:
    """Identifiers are quoted, never formatted."""
    user = role(name)
    _change(database(), user, PASSWORD, "the second password")
    with closing(database().login(user, "the second password")) as session:
        session.verify(None)


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

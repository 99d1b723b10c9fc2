"""What a real PostgreSQL refuses, and what becomes of its answer."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

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

    from rotating_rds_function.adapters.postgres import Postgres


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
            session.replace_password(user, "bell\x07password")
    database().login(user, PASSWORD).close()


def test_another_user_s_password_is_a_privilege_error(
    database: Callable[..., Postgres], role: Callable[..., str]
) -> None:
    """An application user changes itself only."""
    other, user = role("other"), role()
    with closing(database().login(user, PASSWORD)) as session:
        session.lock(other)
        with pytest.raises(PrivilegeError, match="42501") as caught:
            session.replace_password(other, "the second password")
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
            session.replace_password(user, "the second password")


@pytest.mark.parametrize("name", ["", "x" * 64, "é" * 32, "nul\0"])
def test_a_user_name_that_postgres_cannot_hold_is_refused(database: Callable[..., Postgres], name: str) -> None:
    """PostgreSQL would cut it, and so address another role."""
    with pytest.raises(ConfigurationError, match="1 to 63 bytes"):
        database().login(name, PASSWORD)

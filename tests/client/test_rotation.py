"""Connecting to a real PostgreSQL over verified TLS while its password changes."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pg8000.dbapi
import psycopg
import pytest

from rotating_rds_client import (
    ConnectReport,
    CredentialsRejectedError,
    DriverAdapter,
    RetryPolicy,
    RotatingConnector,
    SecretSource,
)
from tests.support.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.rotating_login import RotatingLogin

DRIVERS = pytest.mark.parametrize("connect", [pg8000.dbapi.connect, psycopg.connect], ids=["pg8000", "psycopg"])


def warm_source(login: RotatingLogin, **options: Any) -> SecretSource:
    """Make a source that holds version v1."""
    source = SecretSource("orders", client=login.manager, **options)
    source.get()
    return source


def user_of(connection: Any) -> str:
    """Ask the server who is connected, and close."""
    cursor = connection.cursor()
    cursor.execute("SELECT current_user")
    (name,) = cursor.fetchone()
    connection.close()
    return str(name)


@DRIVERS
def test_a_connection_is_opened_over_verified_tls(login: RotatingLogin, connect: Callable[..., Any]) -> None:
    """The server takes TLS only, and its certificate is that of the throw-away authority."""
    assert user_of(RotatingConnector(warm_source(login), connect).connect()) == login.username


@DRIVERS
def test_a_certificate_of_another_authority_is_refused(
    login: RotatingLogin, connect: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the system's authorities alone nobody knows this server; no password is sent."""
    monkeypatch.delenv("ROTATING_RDS_CA_BUNDLE")
    with pytest.raises(Exception, match=r"certificate verify failed|CERTIFICATE_VERIFY_FAILED"):
        RotatingConnector(warm_source(login), connect).connect()


@DRIVERS
def test_a_rotation_that_is_over_is_followed(login: RotatingLogin, connect: Callable[..., Any]) -> None:
    """The held password is old: one refused login, one call, connected."""
    source = warm_source(login)
    login.set_password("hunter2-v2")
    login.store("v2", "hunter2-v2")
    assert user_of(RotatingConnector(source, connect).connect()) == login.username
    assert (login.refused_logins(), login.manager.calls) == (1, 2)


@DRIVERS
def test_the_label_may_move_two_seconds_after_the_password(login: RotatingLogin, connect: Callable[..., Any]) -> None:
    """In real time: the caller waits for finishSecret, and the database sees a single refused login."""
    reports: list[ConnectReport] = []
    connector = RotatingConnector(warm_source(login), connect, observer=reports.append)
    login.set_password("hunter2-v2")
    mover = threading.Timer(2.0, login.store, ["v2", "hunter2-v2"])
    mover.start()
    started = time.monotonic()
    assert user_of(connector.connect()) == login.username
    assert 2.0 <= time.monotonic() - started < 5.0
    assert [(report.version_id, report.retries) for report in reports] == [("v2", 1)]
    assert login.refused_logins() == 1
    mover.join()


@DRIVERS
def test_a_wrong_password_costs_two_logins_and_ends_inside_the_budget(
    login: RotatingLogin, connect: Callable[..., Any]
) -> None:
    """Nothing moves the label: a typed error, soon enough for the caller's own time limit."""
    connector = RotatingConnector(warm_source(login), connect, retry=RetryPolicy(budget=2.0))
    login.set_password("set-by-hand")
    started = time.monotonic()
    with pytest.raises(CredentialsRejectedError) as caught:
        connector.connect()
    assert time.monotonic() - started < 2.0
    assert (caught.value.logins, login.refused_logins()) == (2, 2)


@DRIVERS
def test_the_default_budget_bounds_the_logins_too(login: RotatingLogin, connect: Callable[..., Any]) -> None:
    """Fifteen seconds of waiting, two logins."""
    clock = FakeClock()
    connector = RotatingConnector(warm_source(login, clock=clock), connect, clock=clock)
    login.set_password("set-by-hand")
    with pytest.raises(CredentialsRejectedError):
        connector.connect()
    assert sum(clock.sleeps) == pytest.approx(14.0)
    assert login.refused_logins() == 2


@DRIVERS
def test_any_other_error_reaches_the_caller_as_the_driver_raised_it(
    login: RotatingLogin, connect: Callable[..., Any]
) -> None:
    """A missing database is nobody's rotation."""
    name = "dbname" if connect is psycopg.connect else "database"
    adapter = DriverAdapter(connect, **{name: "missing"})
    with pytest.raises(Exception, match="does not exist") as caught:
        RotatingConnector(warm_source(login), adapter).connect()
    assert type(caught.value).__module__.startswith(("pg8000", "psycopg"))
    assert login.manager.calls == 1

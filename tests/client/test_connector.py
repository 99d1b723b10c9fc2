"""Whole calls of ``connect`` on a fake clock, with a database that is two dictionaries."""

from __future__ import annotations

import logging
import traceback
from typing import Any

import pytest

from rotating_rds_client import (
    Adapter,
    ConnectReport,
    Counters,
    Credentials,
    CredentialsRejectedError,
    MalformedSecretError,
    Outcome,
    RotatingConnector,
    SecretSource,
    SecretUnavailableError,
    Totals,
)
from tests.support.clock import FakeClock
from tests.support.secrets_manager import FakeSecretsManager, aws_error


class RefusedError(Exception):
    """As asyncpg's."""

    sqlstate = "28P01"


class Database(Adapter[str]):
    """Accepts one password; a connection is the name of the version that opened it."""

    def __init__(self) -> None:
        self.password = "hunter2-v1"
        self.failure: Exception | None = None
        self.logins: list[str] = []

    def connect(self, credentials: Credentials) -> str:
        """Log in once."""
        self.logins.append(credentials.version_id)
        if self.failure is not None:
            raise self.failure
        if credentials.password != self.password:
            raise RefusedError(f"password authentication failed for user {credentials.username!r}")
        return credentials.version_id


class Rehearsal:
    """A secret, a database and a connector between them, on one clock."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.manager = FakeSecretsManager()
        self.database = Database()
        self.reports: list[ConnectReport] = []
        self.store("v1")

    def store(self, version_id: str) -> None:
        """Make a version current whose password tells which one it is."""
        self.manager.put(version_id, {"username": "orders", "password": f"hunter2-{version_id}"})

    def connector(self, observer: Any = None) -> RotatingConnector[str]:
        """Make a connector that holds the current version already, and by default collects its reports."""
        source = SecretSource("orders", client=self.manager, clock=self.clock)
        source.get()
        self.manager.requests.clear()
        return RotatingConnector(source, self.database, observer=observer or self.reports.append, clock=self.clock)

    def set_secret(self, version_id: str) -> None:
        """Change the password, as the second step of a rotation does."""
        self.database.password = f"hunter2-{version_id}"


@pytest.fixture
def stage() -> Rehearsal:
    """Return a database whose password is the secret's."""
    return Rehearsal()


def test_a_login_that_succeeds_asks_for_nothing(stage: Rehearsal) -> None:
    """The usual case costs neither a call nor a pause."""
    assert stage.connector().connect() == "v1"
    assert (stage.manager.calls, stage.clock.sleeps) == (0, [])


def test_after_a_rotation_the_new_version_is_tried_at_once(stage: Rehearsal) -> None:
    """The value held is old, the secret is not: one call, one more login, no pause."""
    connector = stage.connector()
    stage.store("v2")
    stage.set_secret("v2")
    assert connector.connect() == "v2"
    assert (stage.database.logins, stage.manager.calls, stage.clock.sleeps) == (["v1", "v2"], 1, [])


@pytest.mark.parametrize("held", [0.05, 3.0, 10.0])
def test_between_set_secret_and_finish_secret_the_secret_is_polled(stage: Rehearsal, held: float) -> None:
    """The database is not asked again before there is something new to try."""
    connector = stage.connector()
    stage.set_secret("v2")
    stage.clock.after(held, lambda: stage.store("v2"))
    assert connector.connect() == "v2"
    assert stage.database.logins == ["v1", "v2"]
    assert sum(stage.clock.sleeps) < held + 1.0


def test_a_wrong_password_ends_in_a_typed_error_inside_the_budget(stage: Rehearsal) -> None:
    """Two logins, then the sentence with version, budget and remedy."""
    connector = stage.connector()
    stage.set_secret("somebody-changed-it-by-hand")
    with pytest.raises(CredentialsRejectedError, match=r"version 'v1' .* within 15 s: see whether") as caught:
        connector.connect()
    assert (caught.value.logins, caught.value.version_ids) == (2, ("v1",))
    assert stage.database.logins == ["v1", "v1"]
    assert sum(stage.clock.sleeps) <= 15.0
    assert isinstance(caught.value.__cause__, RefusedError)


def test_a_password_that_is_set_back_logs_in_within_the_budget(stage: Rehearsal) -> None:
    """A rotation that failed and was undone moves no label."""
    connector = stage.connector()
    stage.set_secret("v2")
    stage.clock.after(5.0, lambda: stage.set_secret("v1"))
    assert connector.connect() == "v1"


def test_two_rotations_during_one_call_are_both_followed(stage: Rehearsal) -> None:
    """A version that was overtaken before it could log in is not the end."""
    connector = stage.connector()
    stage.set_secret("v3")
    stage.clock.after(1.0, lambda: stage.store("v2"))
    stage.clock.after(2.0, lambda: stage.store("v3"))
    assert connector.connect() == "v3"
    assert stage.database.logins == ["v1", "v2", "v3"]


def test_an_unrelated_error_passes_untouched_and_at_once(stage: Rehearsal) -> None:
    """No call, no pause, the very exception of the driver."""
    connector = stage.connector()
    stage.database.failure = failure = ConnectionRefusedError(111, "refused")
    with pytest.raises(ConnectionRefusedError) as caught:
        connector.connect()
    assert caught.value is failure
    assert (stage.manager.calls, stage.clock.sleeps) == (0, [])


def test_an_unrelated_error_of_a_retry_passes_untouched(stage: Rehearsal) -> None:
    """A fail-over in the middle of a rotation is a fail-over."""
    connector = stage.connector()
    stage.set_secret("v2")

    def fail_over() -> None:
        stage.store("v2")
        stage.database.failure = TimeoutError("failing over")

    stage.clock.after(1.0, fail_over)
    with pytest.raises(TimeoutError, match="failing over"):
        connector.connect()


def test_secrets_manager_may_be_down_while_a_rotation_is_waited_out(stage: Rehearsal) -> None:
    """Polling goes on through errors of the store."""
    connector = stage.connector()
    stage.set_secret("v2")
    stage.manager.failure = aws_error("ThrottlingException")

    def recover() -> None:
        stage.manager.failure = None
        stage.store("v2")

    stage.clock.after(3.0, recover)
    assert connector.connect() == "v2"


def test_what_was_refused_is_reported_when_the_secret_cannot_be_read_any_more(stage: Rehearsal) -> None:
    """Past the bound of staleness the store's error must not hide the database's."""
    source = SecretSource("orders", client=stage.manager, clock=stage.clock, ttl=2, jitter=0, max_stale=0)
    connector = RotatingConnector(source, stage.database, clock=stage.clock)
    source.get()
    stage.set_secret("v2")
    stage.manager.failure = aws_error("InternalServiceError")
    with pytest.raises(CredentialsRejectedError):
        connector.connect()


@pytest.mark.parametrize(
    ("break_it", "error"),
    [
        (lambda manager: setattr(manager, "failure", aws_error("AccessDeniedException")), SecretUnavailableError),
        (lambda manager: manager.put("v1", "no json"), MalformedSecretError),
    ],
)
def test_without_any_credentials_there_is_no_login(stage: Rehearsal, break_it: Any, error: type[Exception]) -> None:
    """The source's own errors reach the caller, and the observer hears of them."""
    break_it(stage.manager)
    source = SecretSource("orders", client=stage.manager, clock=stage.clock)
    with pytest.raises(error):
        RotatingConnector(source, stage.database, observer=stage.reports.append, clock=stage.clock).connect()
    assert stage.database.logins == []
    assert [(report.outcome, report.version_id) for report in stage.reports] == [(Outcome.FAILED, None)]


def test_every_call_is_reported(stage: Rehearsal) -> None:
    """Outcome, version, logins, questions and time, so that nobody has to guess whether retries happen."""
    connector = stage.connector()
    connector.connect()
    stage.set_secret("v2")
    stage.clock.after(0.25, lambda: stage.store("v2"))
    connector.connect()
    plain, retried = stage.reports
    assert (plain.outcome, plain.version_id, plain.retries, plain.refreshes) == (Outcome.CONNECTED, "v1", 0, 0)
    assert (retried.outcome, retried.version_id, retried.retries, retried.refreshes) == (Outcome.CONNECTED, "v2", 1, 3)
    assert retried.seconds == pytest.approx(0.3)


def test_callers_that_wait_share_their_questions(stage: Rehearsal) -> None:
    """A pool full of waiting threads does not multiply the load on Secrets Manager."""

    class SharedSource:
        """Notes how old an answer may be."""

        def __init__(self, source: SecretSource) -> None:
            self.source = source
            self.max_ages: list[float] = []

        def get(self) -> Credentials:
            return self.source.get()

        def refresh(self, rejected: Credentials | None = None, *, max_age: float = 0.0) -> Credentials:
            self.max_ages.append(max_age)
            return self.source.refresh(rejected, max_age=max_age)

    source = SharedSource(SecretSource("orders", client=stage.manager, clock=stage.clock))
    stage.set_secret("v2")
    stage.clock.after(0.5, lambda: stage.store("v2"))
    RotatingConnector(source, stage.database, clock=stage.clock).connect()
    assert source.max_ages == [0.0, 0.05, 0.05, 0.05]


def test_counters_add_up_reports(stage: Rehearsal) -> None:
    """A rejected call and a passed-through error both count as failures."""
    counters = Counters()
    connector = stage.connector(counters)
    connector.connect()
    stage.store("v2")
    stage.set_secret("v2")
    connector.connect()
    stage.database.failure = TimeoutError()
    with pytest.raises(TimeoutError):
        connector.connect()
    assert counters.totals == Totals(connections=2, retries=1, refreshes=1, failures=1)


def test_a_failing_observer_costs_no_connection(stage: Rehearsal) -> None:
    """Observers are not trusted with availability."""

    def fail(_: ConnectReport) -> None:
        raise RuntimeError("observer")

    assert stage.connector(fail).connect() == "v1"


def test_nothing_secret_is_logged_raised_or_reported(stage: Rehearsal, caplog: pytest.LogCaptureFixture) -> None:
    """Through a whole failing call with an outage in the middle of it."""
    connector = stage.connector()
    stage.set_secret("changed-by-hand")
    stage.clock.after(5.0, lambda: setattr(stage.manager, "failure", aws_error("ThrottlingException")))
    with caplog.at_level(logging.DEBUG), pytest.raises(CredentialsRejectedError) as caught:
        connector.connect()
    assert caplog.records
    told = caplog.text + "".join(traceback.format_exception(caught.value)) + repr(stage.reports) + repr(caught.value)
    assert "hunter2" not in told

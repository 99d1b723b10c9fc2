"""The handler as Lambda runs it: real PostgreSQL, real SDK against a served API, real environment."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest

from rotating_rds_function.adapters import secrets_manager
from rotating_rds_function.domain.endpoints import VARIABLE
from rotating_rds_function.domain.errors import (
    AuthenticationError,
    BadEventError,
    ConfigurationError,
    RefusedError,
    UnreachableError,
)
from rotating_rds_function.domain.steps import Step
from rotating_rds_function.domain.versions import AWSCURRENT, AWSPENDING, AWSPREVIOUS
from rotating_rds_function.handlers.rotate import handler
from tests.support.deployed_function import NEW, OLD, PASSWORD, USERNAME, Context, Deployed, wrong_password
from tests.support.postgres import connect
from tests.support.rotations import password_of
from tests.support.secrets_manager_api import ARN
from tests.support.tcp_servers import closed_port

if TYPE_CHECKING:
    from localcloud.databases import Authority, PostgresServer


def _step_records(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "rotating_rds"]


def test_four_invocations_rotate_the_secret_and_the_database(
    deployed: Deployed, postgres: PostgresServer, authority: Authority
) -> None:
    """Everything real but the service behind the API."""
    for step in Step:
        deployed.invoke(step)
    assert deployed.secret.labels == {OLD: {AWSPREVIOUS}, NEW: {AWSCURRENT}}
    password = password_of(deployed.secret.value_of(AWSCURRENT))
    assert password != PASSWORD
    connect(postgres, authority, user=USERNAME, password=password).close()


def test_a_healthy_rotation_makes_eleven_calls(deployed: Deployed) -> None:
    """Counted where they arrive."""
    for step in Step:
        deployed.invoke(step)
    assert len(deployed.api.requests) == 11


def test_each_step_leaves_one_log_line_with_the_fields_that_people_filter_by(
    deployed: Deployed, caplog: pytest.LogCaptureFixture
) -> None:
    """Lambda's JSON format makes fields of them."""
    for step in Step:
        deployed.invoke(step)
    records = _step_records(caplog)
    assert [record.__dict__["step"] for record in records] == [str(step) for step in Step]
    for record in records:
        fields = record.__dict__
        assert (fields["engine"], fields["strategy"], fields["database"]) == ("postgres", "single_user", "orders")
        assert (fields["secret"], fields["token"]) == (ARN, NEW)
        assert (fields["outcome"], fields["attempts"], record.levelno) == ("succeeded", 1, logging.INFO)
        assert 0 < fields["seconds"] < 20
        assert "cause" not in fields


def test_each_step_prints_one_line_of_metrics(deployed: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    """On standard output, where Lambda collects it."""
    for step in Step:
        deployed.invoke(step)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["Step"] for line in lines] == [str(step) for step in Step]
    assert {line["Database"] for line in lines} == {"orders"}
    assert {line["StepFailures"] for line in lines} == {0}


def test_a_failed_step_is_logged_with_its_cause_and_counted(
    deployed: Deployed, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the alarm counts and what the runbook is entered with."""
    deployed.configure(port=closed_port())
    deployed.secret.stage(NEW, AWSPENDING, value=json.dumps({"username": USERNAME, "password": "pending one"}))
    with pytest.raises(UnreachableError):
        deployed.invoke(Step.TEST, milliseconds=3_000)
    [record] = _step_records(caplog)
    assert (record.__dict__["outcome"], record.__dict__["cause"], record.levelno) == (
        "failed",
        "unreachable",
        logging.ERROR,
    )
    assert "cannot be reached" in record.getMessage()
    [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert line["StepFailures"] == 1
    assert line["StepAttempts"] == record.__dict__["attempts"] > 1


def test_a_repeated_step_is_logged_as_already_done(deployed: Deployed, caplog: pytest.LogCaptureFixture) -> None:
    """Not as if it had been done again."""
    for step in (*Step, Step.FINISH):
        deployed.invoke(step)
    assert _step_records(caplog)[-1].__dict__["outcome"] == "already_done"


@pytest.mark.parametrize("event", [None, {}, {"Step": "createSecret"}, {"Step": "x", "SecretId": "y"}])
def test_a_bad_event_is_refused_and_still_reported(
    event: object, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is known of the database then."""
    with pytest.raises(BadEventError):
        handler(event, Context())
    [record] = _step_records(caplog)
    assert (record.__dict__["cause"], record.__dict__["database"]) == ("refused", "unknown")
    assert json.loads(capsys.readouterr().out)["Database"] == "unknown"


def test_a_function_without_its_environment_says_which_variable_it_lacks(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is asked of anybody."""
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(ConfigurationError, match=VARIABLE):
        deployed.invoke(Step.CREATE)
    assert deployed.api.requests == []


def test_a_forged_value_reaches_no_server(deployed: Deployed, postgres: PostgresServer) -> None:
    """A current value that names another host."""
    forged = json.dumps({"username": USERNAME, "password": PASSWORD, "host": "evil.example"})
    deployed.secret.values[OLD] = forged
    begin = postgres.log_file.stat().st_size
    with pytest.raises(RefusedError, match="names another host"):
        deployed.invoke(Step.SET)
    assert postgres.log_file.stat().st_size == begin


def test_a_wrong_current_password_is_reported_with_the_remedy(deployed: Deployed) -> None:
    """After every labelled value was tried."""
    deployed.invoke(Step.CREATE)
    wrong_password(deployed)
    with pytest.raises(AuthenticationError, match="ModifyDBInstance"):
        deployed.invoke(Step.SET)


def test_the_client_lives_from_one_invocation_to_the_next(deployed: Deployed) -> None:
    """A warm function pays for it no more."""
    deployed.invoke(Step.CREATE)
    client = secrets_manager.client()
    deployed.invoke(Step.SET)
    assert secrets_manager.client() is client

"""The probe as Lambda runs it: real PostgreSQL, real SDK against a served API, real environment."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from rotating_rds_function.domain.errors import BadEventError, ConfigurationError
from rotating_rds_function.domain.probe import Probe
from rotating_rds_function.domain.versions import AWSCURRENT, AWSPENDING, Times
from rotating_rds_function.handlers.probe import handler
from tests.support.deployed_function import NEW, USERNAME, Context, Deployed, wrong_password
from tests.support.leaks import find_leaks
from tests.support.secrets_manager_api import ARN, ApiError
from tests.support.tcp_servers import closed_port

NOW = 1_800_000_000.0


@pytest.fixture
def probed(deployed: Deployed) -> Deployed:
    """A credential that rotates, at rest."""
    deployed.secret.labels[NEW].discard(AWSPENDING)
    deployed.secret.times = Times(NOW, created=NOW - 86_400, due=NOW + 86_400)
    return deployed


def examined(milliseconds: int = 20_000, *secrets: str) -> list[dict[str, Any]]:
    """Invoke the handler."""
    return handler({"secrets": list(secrets or [ARN])}, Context(milliseconds))["credentials"]


def metrics(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The one line of metrics."""
    [line] = capsys.readouterr().out.splitlines()
    document: dict[str, Any] = json.loads(line)
    return document


@pytest.mark.usefixtures("probed")
def test_a_healthy_credential_leaves_one_line_and_one_of_metrics(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the answer says the same."""
    [told] = examined()
    assert (told["outcome"], told["username"], told["rotated_days"]) == ("succeeded", USERNAME, 1.0)
    [record] = [record for record in caplog.records if record.name == "rotating_rds"]
    assert (record.levelno, record.__dict__["database"]) == (logging.INFO, "orders")
    line = metrics(capsys)
    assert (line["Database"], line["ProbeRuns"], line["LoginFailures"], line["OverdueHours"]) == ("orders", 1, 0, 0)


def test_a_credential_that_does_not_log_in_is_an_error_line_and_a_data_point(
    probed: Deployed, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the cause of a rotation."""
    wrong_password(probed)
    [told] = examined()
    assert (told["outcome"], told["cause"]) == ("failed", "authentication")
    [record] = [record for record in caplog.records if record.name == "rotating_rds"]
    assert (record.levelno, record.__dict__["cause"]) == (logging.ERROR, "authentication")
    line = metrics(capsys)
    assert (line["ProbeRuns"], line["LoginFailures"]) == (1, 1)
    assert "CertificateDays" not in line


def test_a_database_that_cannot_be_reached_is_reported_within_the_time(
    probed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody else can reach it either."""
    probed.secret.stage("elsewhere", AWSCURRENT, value=json.dumps({"username": USERNAME, "password": "the password"}))
    probed.configure(port=closed_port())
    [told] = examined(3_000)
    assert (told["outcome"], told["cause"]) == ("failed", "unreachable")
    assert metrics(capsys)["LoginFailures"] == 1


def test_a_denied_read_is_an_incomplete_examination(probed: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a credential that may be well: nothing is said of its login."""
    probed.api.failures = [ApiError("AccessDeniedException", "You may not.")]
    [told] = examined()
    assert (told["outcome"], told["cause"]) == ("unexamined", "privilege")
    line = metrics(capsys)
    assert line["Database"] == "orders"  # whose it is could not be found out; it may be that of any here
    assert line["ProbeRuns"] == 0
    assert "LoginFailures" not in line


@pytest.mark.usefixtures("probed")
def test_one_credential_that_cannot_be_examined_keeps_no_other_from_it() -> None:
    """Each has its entry, in the event's order."""
    told = examined(20_000, "arn:elsewhere", ARN)
    assert [entry["outcome"] for entry in told] == ["unexamined", "succeeded"]


@pytest.mark.usefixtures("probed")
def test_an_unforeseen_failure_is_told_by_its_type_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its text could carry a secret."""
    secret = "the secret in a text"

    def fail(*_: object) -> None:
        raise ValueError(secret)

    monkeypatch.setattr(Probe, "examine", fail)
    told = examined()
    assert (told[0]["outcome"], told[0]["cause"]) == ("unexamined", "internal")
    assert find_leaks([secret], [caplog.text, capsys.readouterr().out, json.dumps(told)]) == []


@pytest.mark.usefixtures("deployed")
def test_an_event_that_is_none_fails() -> None:
    """The alarm on the function's errors tells."""
    with pytest.raises(BadEventError):
        handler({"Step": "createSecret"}, Context())


def test_an_environment_that_is_none_fails(deployed: Deployed) -> None:
    """As for a rotation."""
    deployed.monkeypatch.setenv("ROTATING_RDS_DATABASES", "nonsense")
    with pytest.raises(ConfigurationError):
        examined()

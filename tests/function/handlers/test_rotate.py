"""The handler as Lambda runs it: real PostgreSQL, real SDK against a served API, real environment."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from pg8000.native import identifier, literal

from rotating_rds_function.adapters import secrets_manager, tls
from rotating_rds_function.domain.endpoints import VARIABLE
from rotating_rds_function.domain.errors import (
    AuthenticationError,
    BadEventError,
    ConfigurationError,
    InternalError,
    RefusedError,
    RotationError,
    UnreachableError,
)
from rotating_rds_function.domain.steps import Step
from rotating_rds_function.domain.versions import AWSCURRENT, AWSPENDING, AWSPREVIOUS
from rotating_rds_function.handlers import rotate
from rotating_rds_function.handlers.rotate import handler
from tests.support.fake_secret_store import FakeSecretStore
from tests.support.leaks import find_leaks
from tests.support.rotations import password_of
from tests.support.secrets_manager_api import ARN, ApiError, SecretsManagerApi, serving
from tests.support.tcp_servers import closed_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.databases import Authority, PostgresServer

USERNAME = 'O\'Hara "the" Rötator'
_TAGS = {
    "rotating-rds:database": "orders",
    "rotating-rds:engine": "postgres",
    "rotating-rds:strategy": "single_user",
    "rotating-rds:username": "O=27Hara =22the=22 R=C3=B6tator",
}
PASSWORD = "o'hara's \"secret\" \\ 100% é"
_OLD, _NEW = "old-".ljust(36, "0"), "new-".ljust(36, "0")


@dataclass
class _Context:
    milliseconds: int = 20_000

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


@dataclass
class Deployed:
    """A function in its environment, with what it leaves behind."""

    api: SecretsManagerApi
    endpoint: dict[str, Any]
    monkeypatch: pytest.MonkeyPatch
    values: list[str] = field(default_factory=list)

    @property
    def secret(self) -> FakeSecretStore:
        """Return the secret's state."""
        return self.api.state

    def configure(self, **endpoint: Any) -> None:
        """Write the environment variable as the deployment does."""
        databases = {"orders": {**self.endpoint, **endpoint}}
        self.monkeypatch.setenv(VARIABLE, json.dumps(databases))

    def invoke(self, step: Step | str, milliseconds: int = 20_000) -> None:
        """Invoke the handler as Secrets Manager does."""
        event = {"Step": str(step), "SecretId": ARN, "ClientRequestToken": _NEW, "RotationToken": "x"}
        try:
            handler(event, _Context(milliseconds))
        finally:
            self.values = [text for text in {*self.values, *self.secret.values.values()} if len(text) > 8]


@pytest.fixture
def deployed(postgres: PostgresServer, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    """Deploy the function for a user of the real server."""
    secret = FakeSecretStore(tags=_TAGS)
    document = {"engine": "postgres", "host": postgres.host, "port": postgres.port, "username": USERNAME}
    secret.stage(_OLD, AWSCURRENT, value=json.dumps({**document, "password": PASSWORD}))
    secret.stage(_NEW, AWSPENDING)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv(tls.CA_BUNDLE_VARIABLE, str(authority.certificate))
    _as_superuser(postgres, f"CREATE ROLE {identifier(USERNAME)} LOGIN PASSWORD {literal(PASSWORD)}")
    secrets_manager.client.cache_clear()
    api = SecretsManagerApi(secret)
    with serving(api) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        deployed = Deployed(api, {"host": postgres.host, "port": str(postgres.port)}, monkeypatch)
        deployed.configure()
        yield deployed
        secrets_manager.client().close()
    secrets_manager.client.cache_clear()
    _as_superuser(postgres, f"DROP ROLE {identifier(USERNAME)}")


def _as_superuser(postgres: PostgresServer, statement: str) -> None:
    connection = postgres.superuser_connection()
    connection.autocommit = True
    connection.cursor().execute(statement)
    connection.close()


def _step_records(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "rotating_rds"]


def test_four_invocations_rotate_the_secret_and_the_database(deployed: Deployed) -> None:
    """Everything real but the service behind the API."""
    for step in Step:
        deployed.invoke(step)
    assert deployed.secret.labels == {_OLD: {AWSPREVIOUS}, _NEW: {AWSCURRENT}}
    deployed.secret.stage("again".ljust(36, "0"), AWSPENDING, value=deployed.secret.values[_NEW])
    assert password_of(deployed.secret.value_of(AWSCURRENT)) != PASSWORD


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
        assert (fields["secret"], fields["token"]) == (ARN, _NEW)
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
    deployed.secret.stage(_NEW, AWSPENDING, value=json.dumps({"username": USERNAME, "password": "pending one"}))
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
        handler(event, _Context())
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
    deployed.secret.values[_OLD] = forged
    begin = postgres.log_file.stat().st_size
    with pytest.raises(RefusedError, match="names another host"):
        deployed.invoke(Step.SET)
    assert postgres.log_file.stat().st_size == begin


def _wrong_password(deployed: Deployed) -> None:
    deployed.secret.values[_OLD] = json.dumps({"username": USERNAME, "password": "a wrong password"})


def _malformed(deployed: Deployed) -> None:
    deployed.secret.values[_OLD] = '{"username": "x", "password": "' + PASSWORD


def _swapped(deployed: Deployed) -> None:
    deployed.secret.values[_OLD] = json.dumps({"username": PASSWORD, "password": USERNAME})


def _other_port(deployed: Deployed) -> None:
    deployed.configure(port=closed_port())


def _other_name(deployed: Deployed) -> None:
    deployed.configure(server_name="orders.example")


def _quoting_service(deployed: Deployed) -> None:
    deployed.api.failures = [ApiError("InvalidParameterException", f"bad value {PASSWORD}")]


_MISHAPS = [_wrong_password, _malformed, _swapped, _other_port, _other_name, _quoting_service]


@pytest.mark.parametrize("mishap", _MISHAPS, ids=lambda mishap: mishap.__name__.strip("_"))
def test_a_failure_tells_no_secret_anywhere(
    deployed: Deployed,
    mishap: Any,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exception with its chain and its frames' locals, log records, standard output and error."""
    deployed.invoke(Step.CREATE)
    known = list(deployed.values)
    mishap(deployed)
    caplog.set_level(logging.DEBUG)
    with pytest.raises(RotationError) as caught:
        deployed.invoke(Step.SET, milliseconds=2_500)
    assert caught.value.__context__ is None
    texts = [str(caught.value), repr(caught.value), *capsys.readouterr()]
    texts += [f"{record.getMessage()} {record.__dict__}" for record in caplog.records]
    texts += _locals_of(caught.value)
    assert find_leaks([*known, PASSWORD, "a wrong password"], texts) == []


def _locals_of(error: BaseException) -> list[str]:
    """Return the local variables of the function's own frames, as a tool that collects crashes would print them."""
    texts, frame = [], error.__traceback__
    while frame is not None:
        if "rotating_rds_function" in frame.tb_frame.f_code.co_filename:
            texts.append(repr(frame.tb_frame.f_locals))
        frame = frame.tb_next
    assert texts
    return texts


def test_a_healthy_rotation_tells_no_secret_anywhere(
    deployed: Deployed,
    postgres: PostgresServer,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The server's log of all statements included."""
    begin = postgres.log_file.stat().st_size
    caplog.set_level(logging.DEBUG)
    for step in Step:
        deployed.invoke(step)
    server_log = postgres.log_file.read_bytes()[begin:].decode()
    assert "ALTER ROLE" in server_log
    texts = [server_log, *capsys.readouterr(), *(f"{record.__dict__}" for record in caplog.records)]
    assert len(deployed.values) == 2
    assert find_leaks([*deployed.values, PASSWORD], texts) == []


def test_a_leaking_adapter_is_stopped_at_the_boundary(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever a driver of tomorrow puts into its errors."""

    class Leaking:
        def login(self, username: str, password: str) -> None:
            raise RuntimeError(f"{username}:{password}")

    deployed.invoke(Step.CREATE)
    monkeypatch.setattr(rotate, "open_database", lambda *_, **__: Leaking())
    with pytest.raises(InternalError) as caught:
        deployed.invoke(Step.SET)
    texts = [str(caught.value), *(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)]
    assert find_leaks([*deployed.values, PASSWORD], texts) == []
    assert caught.value.__context__ is None


def test_a_wrong_current_password_is_reported_with_the_remedy(deployed: Deployed) -> None:
    """After every labelled value was tried."""
    deployed.invoke(Step.CREATE)
    _wrong_password(deployed)
    with pytest.raises(AuthenticationError, match="ModifyDBInstance"):
        deployed.invoke(Step.SET)


def test_the_client_lives_from_one_invocation_to_the_next(deployed: Deployed) -> None:
    """A warm function pays for it no more."""
    deployed.invoke(Step.CREATE)
    client = secrets_manager.client()
    deployed.invoke(Step.SET)
    assert secrets_manager.client() is client

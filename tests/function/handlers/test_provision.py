"""The handler that makes users, as the Provider framework invokes it: real servers, real SDK against a served API."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from rotating_rds_function.adapters import secrets_manager, tls
from rotating_rds_function.domain.endpoints import VARIABLE
from rotating_rds_function.domain.errors import (
    BadEventError,
    ConfigurationError,
    InternalError,
    RefusedError,
    RotationError,
    UnreachableError,
    WrongStateError,
)
from rotating_rds_function.domain.versions import AWSCURRENT
from rotating_rds_function.handlers import invocation
from rotating_rds_function.handlers.provision import handler
from tests.support.declared_users import PASSWORD, DeclaredUser, declare
from tests.support.deployed_function import Context
from tests.support.engines import ENGINES_UNDER_TEST
from tests.support.leaks import find_leaks
from tests.support.postgres import MASTER_PASSWORD
from tests.support.rotations import ADMINISTRATOR_ARN
from tests.support.secrets_manager_api import ARN, ApiError, SecretsManagerApi, serving
from tests.support.tcp_servers import closed_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.databases import Authority

REQUEST_ID = "5d478078-13e9-baf0-464a-7ef285ecc786"


@dataclass
class Deployed:
    """The function in its environment, and a user whom it is asked to make."""

    user: DeclaredUser
    api: SecretsManagerApi
    monkeypatch: pytest.MonkeyPatch
    values: set[str] = field(default_factory=set)

    def configure(self, **endpoint: Any) -> None:
        """Write the environment variable as the deployment does."""
        place = self.user.endpoint
        written = {"host": place.host, "port": str(place.port), "server_name": place.server_name, **endpoint}
        if place.database is not None:
            written["database"] = place.database
        self.monkeypatch.setenv(VARIABLE, json.dumps({"orders": written}))

    def ask(self, kind: str = "Create", *, milliseconds: int = 20_000, **changed: Any) -> dict[str, str]:
        """Invoke the handler as the framework does."""
        try:
            return handler(self.user.event(kind, Secret=ARN, **changed), Context(milliseconds))
        finally:
            self.values |= {text for text in self.user.store.values.values() if len(text) > 8}


@pytest.fixture(params=["postgres", "mysql", "mariadb"])
def deployed(
    request: pytest.FixtureRequest, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Deployed]:
    """Deploy the function for a database of each engine."""
    engine = ENGINES_UNDER_TEST[request.param](request.param, request.getfixturevalue(request.param), authority)
    user = declare(engine)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv(tls.CA_BUNDLE_VARIABLE, str(authority.certificate))
    secrets_manager.client.cache_clear()
    api = SecretsManagerApi(user.store)
    with serving(api) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        deployed = Deployed(user, api, monkeypatch)
        deployed.configure()
        yield deployed
        secrets_manager.client().close()
    secrets_manager.client.cache_clear()
    user.close()
    engine.clean_up()


def _records(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [record.__dict__ for record in caplog.records if record.name == "rotating_rds"]


def test_a_user_is_made_changed_and_removed(deployed: Deployed) -> None:
    """CloudFormation hears the user's name each time."""
    user = deployed.user
    answer = {"PhysicalResourceId": f"orders/{user.username}"}
    assert deployed.ask() == answer
    assert user.logs_in()
    assert user.may("CREATE TABLE {}.made (id integer)") is False
    assert deployed.ask("Update", old={}, Schemas={user.schema: "ddl"}) == answer
    user.do("CREATE TABLE {}.made (id integer)")
    assert deployed.ask("Delete", Schemas={user.schema: "ddl"}) == answer
    assert not user.exists(user.username)


def test_only_current_values_are_read_and_nothing_is_written(deployed: Deployed) -> None:
    """The function's role allows no more; labels are looked at where AWSCURRENT does not log in."""
    deployed.ask()
    assert len(deployed.api.requests) == 4
    deployed.ask("Update", old={})
    deployed.ask("Delete")
    assert {(action, request.get("VersionStage")) for action, request in deployed.api.requests} == {
        ("GetSecretValue", AWSCURRENT)
    }
    assert {request["SecretId"] for _, request in deployed.api.requests} == {ARN, ADMINISTRATOR_ARN}
    deployed.user.carry_out()
    deployed.user.set_password(deployed.user.username, "of somebody else")
    deployed.api.requests.clear()
    deployed.ask("Update", old={})
    assert {action for action, _ in deployed.api.requests} == {"GetSecretValue", "DescribeSecret"}


def test_each_request_leaves_one_log_line_and_one_line_of_metrics(
    deployed: Deployed, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the fields that people filter by, as a step of a rotation does."""
    deployed.ask()
    deployed.ask("Delete", Removal="retain")
    made, retained = _records(caplog)
    assert (made["step"], made["outcome"], made["secret"], made["token"]) == ("provision", "succeeded", ARN, REQUEST_ID)
    assert (made["database"], made["engine"]) == ("orders", deployed.user.event()["ResourceProperties"]["Engine"])
    assert (made["attempts"], made["levelno"]) == (1, logging.INFO)
    assert 0 < made["seconds"] < 20
    assert (retained["step"], retained["outcome"], retained["token"]) == ("provision", "retained", REQUEST_ID)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["Step"], line["StepFailures"]) for line in lines] == [("provision", 0), ("provision", 0)]
    assert lines[0]["Database"] == "orders"


def test_a_failure_is_logged_with_its_cause_and_counted(
    deployed: Deployed, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sentence is what CloudFormation shows."""
    deployed.configure(port=closed_port())
    with pytest.raises(UnreachableError, match="cannot be reached"):
        deployed.ask(milliseconds=5_000)
    [record] = _records(caplog)
    assert (record["outcome"], record["cause"], record["levelno"]) == ("failed", "unreachable", logging.ERROR)
    line = json.loads(capsys.readouterr().out)
    assert line["StepFailures"] == 1
    assert line["StepAttempts"] == record["attempts"] > 1


def test_a_failing_statement_reaches_cloudformation_with_its_cause(deployed: Deployed) -> None:
    """And the user, who was not there before, is not there afterwards."""
    with pytest.raises(WrongStateError) as caught:
        deployed.ask(Statements=[deployed.user.written("GRANT SELECT ON {}.nothing TO {grantee}")])
    assert str(caught.value).startswith("Statement 1 of the user's declaration")
    assert not deployed.user.exists(deployed.user.username)


@pytest.mark.parametrize("event", [None, {}, {"RequestType": "Create"}, {"ResourceProperties": {}}])
def test_a_bad_event_is_refused_and_still_reported(
    event: object, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is known of the database then."""
    with pytest.raises(BadEventError):
        handler(event, Context())
    [record] = _records(caplog)
    assert (record["step"], record["cause"], record["database"]) == ("provision", "refused", "unknown")
    assert json.loads(capsys.readouterr().out)["Database"] == "unknown"


def test_a_function_without_its_environment_says_which_variable_it_lacks(deployed: Deployed) -> None:
    """Nothing is asked of anybody."""
    deployed.monkeypatch.delenv(VARIABLE)
    with pytest.raises(ConfigurationError, match=VARIABLE):
        deployed.ask()
    assert deployed.api.requests == []


def _malformed(deployed: Deployed) -> None:
    deployed.user.store.stage("broken", AWSCURRENT, value='{"username": "x", "password": "' + PASSWORD)


def _swapped(deployed: Deployed) -> None:
    deployed.user.put(PASSWORD, deployed.user.username)


def _wrong_administrator(deployed: Deployed) -> None:
    value = json.dumps({"username": "orders_master", "password": MASTER_PASSWORD + " that is wrong"})
    deployed.user.store.others[ADMINISTRATOR_ARN] = value


def _forged_administrator(deployed: Deployed) -> None:
    deployed.user.store.others[ADMINISTRATOR_ARN] = json.dumps({"username": MASTER_PASSWORD, "password": PASSWORD})


def _other_port(deployed: Deployed) -> None:
    deployed.configure(port=closed_port())


def _other_name(deployed: Deployed) -> None:
    deployed.configure(server_name="orders.example")


def _quoting_service(deployed: Deployed) -> None:
    deployed.api.failures = [ApiError("InvalidParameterException", f"bad value {PASSWORD}")]


_MISHAPS = [
    *(_malformed, _swapped, _wrong_administrator, _forged_administrator),
    *(_other_port, _other_name, _quoting_service),
]


@pytest.mark.parametrize("mishap", _MISHAPS, ids=lambda mishap: mishap.__name__.strip("_"))
def test_a_failure_tells_no_secret_anywhere(
    deployed: Deployed, mishap: Any, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exception with its chain and its frames' locals, log records, standard output and error."""
    known = list(deployed.user.store.values.values())
    mishap(deployed)
    caplog.set_level(logging.DEBUG)
    with pytest.raises(RotationError) as caught:
        deployed.ask(milliseconds=2_500)
    assert caught.value.__context__ is None
    texts = [str(caught.value), repr(caught.value), *capsys.readouterr(), *_locals_of(caught.value)]
    texts += [f"{record.getMessage()} {record.__dict__}" for record in caplog.records]
    assert find_leaks([*known, PASSWORD, MASTER_PASSWORD], texts) == []


def _locals_of(error: BaseException) -> list[str]:
    texts, frame = [], error.__traceback__
    while frame is not None:
        if "rotating_rds_function" in frame.tb_frame.f_code.co_filename:
            texts.append(repr(frame.tb_frame.f_locals))
        frame = frame.tb_next
    assert texts
    return texts


def test_a_password_in_a_statement_is_masked(deployed: Deployed) -> None:
    """Whoever writes one there has it in a template already; it goes no further."""
    with pytest.raises(RotationError) as caught:
        deployed.ask(Statements=[f"NOT SQL {PASSWORD} {{grantee}}"])
    assert "NOT SQL ***" in str(caught.value)


def test_a_leaking_adapter_is_stopped_at_the_boundary(
    deployed: Deployed, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever a driver of tomorrow puts into its errors."""

    class Leaking:
        def login(self, username: str, password: str) -> None:
            raise RuntimeError(f"{username}:{password}")

    deployed.monkeypatch.setattr(invocation, "open_database", lambda *_, **__: Leaking())
    with pytest.raises(InternalError) as caught:
        deployed.ask()
    texts = [str(caught.value), *capsys.readouterr(), *(f"{record.__dict__}" for record in caplog.records)]
    assert find_leaks([*deployed.values, PASSWORD, MASTER_PASSWORD], texts) == []
    assert caught.value.__context__ is None


def test_a_healthy_life_of_a_user_tells_no_secret_anywhere(
    deployed: Deployed, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """The server's logs of all statements included."""
    begins = deployed.user.log_positions()
    caplog.set_level(logging.DEBUG)
    deployed.ask()
    deployed.ask("Update", old={}, Schemas={deployed.user.schema: "read_only"})
    deployed.ask("Delete")
    logs = deployed.user.statements_logged_since(begins)
    assert "GRANT" in logs[0]
    texts = [*logs, *capsys.readouterr(), *(f"{record.__dict__}" for record in caplog.records)]
    assert find_leaks([*deployed.values, PASSWORD, MASTER_PASSWORD], texts) == []


def test_a_reserved_user_is_refused(deployed: Deployed) -> None:
    """Before anything is asked of anybody."""
    with pytest.raises(RefusedError, match="belongs to Amazon RDS"):
        deployed.ask(Username="rdsadmin")
    assert deployed.api.requests == []

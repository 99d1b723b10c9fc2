"""What becomes of Secrets Manager's failures, and what the SDK logs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from rotating_rds_function.adapters import secrets_manager
from rotating_rds_function.adapters.reporting import quiet_wire_logs
from rotating_rds_function.adapters.secrets_manager import SecretsManagerStore
from rotating_rds_function.domain.errors import (
    InternalError,
    MalformedSecretError,
    NotReadyError,
    PrivilegeError,
    RotationError,
    ThrottledError,
    UnreachableError,
    WrongStateError,
)
from rotating_rds_function.domain.versions import AWSCURRENT
from tests.support.fake_secret_store import FakeSecretStore
from tests.support.leaks import find_leaks
from tests.support.secrets_manager_api import ARN, ApiError, SecretsManagerApi, serving
from tests.support.tcp_servers import closed_port

if TYPE_CHECKING:
    from collections.abc import Iterator

_VALUE = '{"username": "dbadmin", "password": "no-one-may-see-me"}'
_TOKEN = "token".ljust(36, "0")


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Point the SDK at nothing by default, and forget the client that a test made."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{closed_port()}")
    secrets_manager.client.cache_clear()
    yield
    secrets_manager.client.cache_clear()


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[SecretsManagerApi]:
    """Serve an API with one secret."""
    api = SecretsManagerApi(FakeSecretStore())
    api.state.stage("old", AWSCURRENT, value=_VALUE)
    with serving(api) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        yield api
        secrets_manager.client().close()


def _store() -> SecretsManagerStore:
    return SecretsManagerStore(secrets_manager.client())


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("AccessDeniedException", PrivilegeError),
        ("DecryptionFailure", PrivilegeError),
        ("ResourceNotFoundException", WrongStateError),
        ("InvalidRequestException", WrongStateError),
        ("InvalidParameterException", WrongStateError),
        ("ThrottlingException", ThrottledError),
        ("InternalServiceError", NotReadyError),
        ("SomethingNew", InternalError),
    ],
)
def test_an_error_answer_becomes_the_error_of_its_cause(
    api: SecretsManagerApi, code: str, kind: type[RotationError]
) -> None:
    """The sentence names action and code."""
    api.failures = [ApiError(code, "no-one-may-see-me")] * 3
    with pytest.raises(kind, match=f"PutSecretValue with {code}") as caught:
        _store().write_pending(ARN, version=_TOKEN, text=_VALUE)
    assert type(caught.value) is kind
    assert caught.value.__context__ is None
    assert str(caught.value).endswith(".")


def test_a_denial_is_quoted_because_it_names_what_to_allow(api: SecretsManagerApi) -> None:
    """Principal, action and resource."""
    api.failures = [ApiError("AccessDeniedException", "User: x is not authorized to perform: secretsmanager:y")]
    with pytest.raises(PrivilegeError, match="not authorized to perform: secretsmanager:y"):
        _store().describe(ARN)


def test_the_text_of_other_answers_is_not_passed_on(api: SecretsManagerApi) -> None:
    """A validation message can quote what was sent."""
    api.failures = [ApiError("InvalidParameterException", f"bad value {_VALUE}")]
    with pytest.raises(WrongStateError) as caught:
        _store().write_pending(ARN, version=_TOKEN, text=_VALUE)
    assert find_leaks([_VALUE], [str(caught.value), repr(caught.value)]) == []


def test_a_request_that_the_sdk_itself_refuses_tells_nothing_of_it(api: SecretsManagerApi) -> None:
    """Its validation quotes the parameters."""
    with pytest.raises(InternalError, match="ParamValidationError") as caught:
        _store().write_pending(ARN, version=_TOKEN, text=[_VALUE])  # type: ignore[arg-type]
    assert find_leaks([_VALUE], [str(caught.value)]) == []
    assert caught.value.__context__ is None
    assert api.requests == []


def test_an_endpoint_that_does_not_answer_is_unreachable() -> None:
    """The interface endpoint is missing, or a security group is."""
    with pytest.raises(UnreachableError, match="EndpointConnectionError: check the interface endpoint"):
        _store().describe(ARN)
    secrets_manager.client().close()


def test_a_short_overload_is_outlasted_by_the_sdk(api: SecretsManagerApi) -> None:
    """Two retries, before the step itself is repeated."""
    api.failures = [ApiError("ThrottlingException"), ApiError("InternalServiceError", status=500)]
    assert _store().read(ARN, label=AWSCURRENT) == _VALUE


def test_a_binary_value_is_malformed(api: SecretsManagerApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """No database secret is binary."""

    def answer(*_: object) -> dict[str, Any]:
        return {"ARN": ARN, "SecretBinary": "AAAA", "VersionStages": [AWSCURRENT]}

    monkeypatch.setattr(api, "answer", answer)
    with pytest.raises(MalformedSecretError, match="is binary"):
        _store().read(ARN, label=AWSCURRENT)


def test_an_answer_without_the_label_that_was_asked_for_is_no_value(
    api: SecretsManagerApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The label may move between question and answer."""
    monkeypatch.setattr(
        api, "answer", lambda *_: {"ARN": ARN, "SecretString": _VALUE, "VersionStages": ["AWSPREVIOUS"]}
    )
    assert _store().read(ARN, label=AWSCURRENT) is None


def test_a_secret_that_was_never_set_to_rotate_is_not_enabled(
    api: SecretsManagerApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer leaves the key out then."""
    monkeypatch.setattr(api, "answer", lambda *_: {"ARN": ARN})
    description = _store().describe(ARN)
    assert not description.rotation_enabled
    assert (description.labels, description.tags) == ({}, {})


def test_the_client_is_made_once(api: SecretsManagerApi) -> None:
    """It is most of a cold start."""
    assert secrets_manager.client() is secrets_manager.client()
    assert api.requests == []


def test_every_wait_of_the_client_is_bounded(api: SecretsManagerApi) -> None:
    """The SDK's default is a minute, longer than a step."""
    config: Any = secrets_manager.client().meta.config
    attempts = config.retries["total_max_attempts"]
    assert attempts * (config.connect_timeout + config.read_timeout) < 30
    assert api.requests == []


def test_the_sdk_logs_no_value_however_talkative_the_function_is(
    api: SecretsManagerApi, caplog: pytest.LogCaptureFixture
) -> None:
    """At DEBUG it would write requests and answers."""
    with caplog.at_level(logging.DEBUG):
        quiet_wire_logs()
        store = _store()
        store.read(ARN, label=AWSCURRENT)
        store.write_pending(ARN, version=_TOKEN, text=_VALUE)
    assert len(api.requests) == 2
    assert find_leaks([_VALUE], [record.getMessage() for record in caplog.records]) == []

"""The real boto3 client against the wire protocol."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from rotating_rds_client import SecretSource, SecretUnavailableError

if TYPE_CHECKING:
    from tests.support.rotating_login import RotatingLogin

pytestmark = pytest.mark.usefixtures("endpoint")


def test_a_client_is_made_from_the_environment(login: RotatingLogin) -> None:
    """Applications give the secret's id, and nothing else."""
    assert SecretSource("orders").get().username == login.username
    assert login.manager.requests == [{"SecretId": "orders", "VersionStage": "AWSCURRENT"}]


def test_an_error_answer_becomes_the_typed_error() -> None:
    """The code survives, the remedy is ours."""
    with pytest.raises(SecretUnavailableError, match="check the secret's id") as caught:
        SecretSource("another").get()
    assert caught.value.code == "ResourceNotFoundException"


def test_an_endpoint_that_nobody_answers_is_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer is told apart from a bad one."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", f"http://127.0.0.1:{closed.getsockname()[1]}")
        with pytest.raises(SecretUnavailableError, match="check the network path") as caught:
            SecretSource("orders").get()
    assert caught.value.code == "EndpointConnectionError"


def test_without_a_region_the_sentence_says_what_to_set(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    """A region is the one thing that boto3 cannot guess."""
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", f"{tmp_path}/none")
    with pytest.raises(SecretUnavailableError, match="set AWS_REGION, or name the secret by its ARN"):
        SecretSource("orders").get()


def test_an_arn_names_its_own_region(login: RotatingLogin) -> None:
    """A secret of another region is not found in the configured one, eu-west-3."""
    arn = "arn:aws:secretsmanager:ap-southeast-2:123456789012:secret:orders-AbCdEf"
    login.manager.secret_id = arn
    source = SecretSource(arn)
    assert source.get().username == login.username
    assert source._reader._client.meta.region_name == "ap-southeast-2"  # type: ignore[union-attr]

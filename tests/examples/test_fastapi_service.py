"""What the HTTP service does without a database; with one, see tests/e2e/test_examples.py."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import boto3
import pytest
from fastapi.testclient import TestClient

from examples.fastapi_service.application import create_application
from examples.fastapi_service.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A client of a service that has no credentials of AWS, so that it cannot read its secret."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # which may have found some earlier
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with TestClient(create_application(Settings(secret_id="orders"))) as client:
        yield client


def test_a_database_that_is_away_is_no_reason_to_replace_the_process(client: TestClient) -> None:
    """Health is the process's own; readiness is not."""
    assert client.get("/health").status_code == 200
    answer = client.get("/ready")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_callers_are_told_when_to_come_back_and_not_why(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    """The reason names the secret, and is in the log."""
    answer = client.post("/orders", json={"item": "tea"})
    assert (answer.status_code, answer.json()) == (503, {"detail": "The database cannot be reached at the moment."})
    assert "secret 'orders' cannot be read (NoCredentialsError)" in caplog.text


@pytest.mark.parametrize("order", [{}, {"item": ""}, {"item": "tea", "quantity": 0}])
def test_an_order_of_nothing_is_refused(client: TestClient, order: dict[str, object]) -> None:
    """Before the database is asked."""
    assert client.post("/orders", json=order).status_code == 422


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({}, "DATABASE_SECRET_ID is not set: set it to the name or ARN of the database secret."),
        ({"PORT": "http"}, "PORT is 'http': set it to a whole number from 1 to 65535."),
        ({"POOL_SIZE": "0"}, "POOL_SIZE is '0': set it to a whole number from 1 to 100."),
    ],
)
def test_a_wrong_setting_is_one_sentence(variables: dict[str, str], sentence: str) -> None:
    """With variable, value and remedy."""
    given = {"DATABASE_SECRET_ID": "orders", **variables} if variables else {}
    with pytest.raises(ValueError, match=re.escape(sentence)):
        Settings.from_environment(given)

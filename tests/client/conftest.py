"""A login of its own for every test, in a secret of its own."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from rotating_rds_client.tls import CA_BUNDLE_VARIABLE
from tests.support.rotating_login import RotatingLogin
from tests.support.secrets_manager import FakeSecretsManager
from tests.support.secrets_manager_endpoint import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.databases import Authority, PostgresServer

REGION = "eu-west-3"


@pytest.fixture
def login(postgres: PostgresServer, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[RotatingLogin]:
    """Create a login whose password is that of version v1 of the secret `orders`."""
    monkeypatch.setenv(CA_BUNDLE_VARIABLE, str(authority.certificate))
    login = RotatingLogin(postgres, f"client_{uuid.uuid4().hex[:12]}", FakeSecretsManager())
    login.execute(f"CREATE ROLE {login.username} LOGIN PASSWORD 'hunter2-v1'")
    login.store("v1", "hunter2-v1")
    yield login
    login.execute(f"DROP ROLE {login.username}")


@pytest.fixture
def endpoint(login: RotatingLogin, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve the login's secret to boto3, configured as a process on AWS is: by its environment."""
    for name in ("AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    with serving(login.manager) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        monkeypatch.setenv("AWS_REGION", REGION)
        monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield url

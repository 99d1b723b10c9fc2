"""The function, deployed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from pg8000.native import identifier, literal

from rotating_rds_function.adapters import secrets_manager, tls
from rotating_rds_function.domain.versions import AWSCURRENT, AWSPENDING
from tests.support.deployed_function import NEW, OLD, PASSWORD, TAGS, USERNAME, Deployed
from tests.support.fake_secret_store import FakeSecretStore
from tests.support.secrets_manager_api import SecretsManagerApi, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.databases import Authority, PostgresServer


@pytest.fixture
def deployed(postgres: PostgresServer, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    """Deploy the function for a user of the real server."""
    secret = FakeSecretStore(tags=TAGS)
    document = {"engine": "postgres", "host": postgres.host, "port": postgres.port, "username": USERNAME}
    secret.stage(OLD, AWSCURRENT, value=json.dumps({**document, "password": PASSWORD}))
    secret.stage(NEW, AWSPENDING)
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

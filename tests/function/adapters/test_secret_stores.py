"""The store contract, on the fake and on boto3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config

from rotating_rds_function.adapters.secrets_manager import SecretsManagerStore
from rotating_rds_function.domain.versions import AWSCURRENT, AWSPENDING, Times
from tests.support.fake_secret_store import FakeSecretStore
from tests.support.secrets_manager_api import ARN, SecretsManagerApi, serving
from tests.support.store_contract import CURRENT_VALUE, TAGS, SecretStoreContract, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotating_rds_function.domain.ports import SecretStore

# Version ids are 32 to 64 characters long, which boto3 insists upon.
_CURRENT, _PENDING = "current-".ljust(36, "0"), "pending-".ljust(36, "0")


@dataclass
class _Subject:
    store: SecretStore
    secret_id: str = ARN
    current: str = _CURRENT
    pending: str = _PENDING


@pytest.fixture
def fake() -> FakeSecretStore:
    """Return a secret as RotateSecret leaves it."""
    fake = FakeSecretStore(tags=TAGS, times=Times(asked=1_700_000_060.0, created=1_700_000_000.0))
    fake.stage(_CURRENT, AWSCURRENT, value=CURRENT_VALUE)
    fake.stage(_PENDING, AWSPENDING)
    return fake


class TestFakeSecretStore(SecretStoreContract):
    """The fake that the tests of the core use."""

    @pytest.fixture
    def subject(self, fake: FakeSecretStore) -> Subject:
        """Return the fake itself."""
        return _Subject(fake)


class TestSecretsManagerStore(SecretStoreContract):
    """The store of a deployed function."""

    @pytest.fixture
    def subject(self, fake: FakeSecretStore) -> Iterator[Subject]:
        """Return the adapter with a real client of a served API."""
        with serving(SecretsManagerApi(fake)) as url:
            client = boto3.client(
                "secretsmanager",
                endpoint_url=url,
                region_name="us-east-1",
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=Config(retries={"total_max_attempts": 1}),
            )
            yield _Subject(SecretsManagerStore(client))
            client.close()

"""The rotation function's store contract on the emulator, so that the fake of its tests and this service agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from rotating_rds_function.adapters.secrets_manager import SecretsManagerStore
from tests.support import emulated
from tests.support.store_contract import CURRENT_VALUE, TAGS, SecretStoreContract, Subject

if TYPE_CHECKING:
    from localcloud.cloud import LocalCloud
    from rotating_rds_function.domain.ports import SecretStore

_LEAVES_ALL_TO_THE_TEST = """
    def handler(event, context):
        pass
"""


@dataclass
class _Rotating:
    store: SecretStore
    secret_id: str
    current: str
    pending: str


class TestSecretsManagerOfTheEmulator(SecretStoreContract):
    """Through boto3, as a deployed function."""

    @pytest.fixture
    def subject(self, cloud: LocalCloud) -> Subject:
        """Return a secret whose rotation has been started, by a function that does nothing."""
        api = cloud.client("secretsmanager")
        tags = [{"Key": key, "Value": value} for key, value in TAGS.items()]
        secret = emulated.create_secret(cloud, CURRENT_VALUE, Tags=tags)
        current = api.get_secret_value(SecretId=secret)["VersionId"]
        pending = emulated.rotate(cloud, secret, emulated.rotation_function(cloud, secret, _LEAVES_ALL_TO_THE_TEST))
        return _Rotating(SecretsManagerStore(api), secret, current, pending)

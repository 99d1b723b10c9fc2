"""A function that is deployed for a user of a real server, its secret behind a served API."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rotating_rds_function.domain.endpoints import VARIABLE
from rotating_rds_function.handlers.rotate import handler
from tests.support.secrets_manager_api import ARN, SecretsManagerApi

if TYPE_CHECKING:
    import pytest

    from rotating_rds_function.domain.steps import Step
    from tests.support.fake_secret_store import FakeSecretStore


USERNAME = 'O\'Hara "the" Rötator'
TAGS = {
    "rotating-rds:database": "orders",
    "rotating-rds:engine": "postgres",
    "rotating-rds:strategy": "single_user",
    "rotating-rds:username": "O=27Hara =22the=22 R=C3=B6tator",
}
PASSWORD = "o'hara's \"secret\" \\ 100% é"
OLD, NEW = "old-".ljust(36, "0"), "new-".ljust(36, "0")


@dataclass
class Context:
    """Lambda's context object."""

    milliseconds: int = 20_000

    def get_remaining_time_in_millis(self) -> int:
        """Return what a test says."""
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
        event = {"Step": str(step), "SecretId": ARN, "ClientRequestToken": NEW, "RotationToken": "x"}
        try:
            handler(event, Context(milliseconds))
        finally:
            self.values = [text for text in {*self.values, *self.secret.values.values()} if len(text) > 8]


def wrong_password(deployed: Deployed) -> None:
    """Put a current value that does not log in."""
    deployed.secret.values[OLD] = json.dumps({"username": USERNAME, "password": "a wrong password"})

"""Secrets Manager as far as a reader sees it: versions, staging labels, failures."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

SecretValue = str | Mapping[str, Any] | None


def aws_error(code: str) -> ClientError:
    """Make the error that boto3 raises for an error answer."""
    return ClientError({"Error": {"Code": code, "Message": f"told by AWS: {code}"}}, "GetSecretValue")


class FakeSecretsManager:
    """Answers GetSecretValue as boto3's client does, for one secret.

    :param answering: Called in every call before its answer is looked up; may block or raise.
    """

    def __init__(self, secret_id: str = "orders", *, answering: Callable[[], object] = lambda: None) -> None:
        self.secret_id = secret_id
        self.requests: list[dict[str, str]] = []
        self.failure: Exception | None = None
        self.answering = answering
        self._versions: dict[str, SecretValue] = {}
        self._labels: dict[str, str] = {}

    @property
    def calls(self) -> int:
        """How often it was asked."""
        return len(self.requests)

    def put(self, version_id: str, value: SecretValue, *, label: str = "AWSCURRENT") -> None:
        """Store a version and move a staging label to it."""
        self._versions[version_id] = value
        self.move(version_id, label=label)

    def move(self, version_id: str, *, label: str = "AWSCURRENT") -> None:
        """Move a staging label to a version, as finishSecret does."""
        self._labels[label] = version_id

    def get_secret_value(self, **request: str) -> dict[str, Any]:
        """Answer as boto3 does; there is no method for any other operation."""
        self.requests.append(request)
        self.answering()
        if self.failure is not None:
            raise self.failure
        version_id = self._labels.get(request["VersionStage"])
        if request["SecretId"] != self.secret_id or version_id is None:
            raise aws_error("ResourceNotFoundException")
        return {"Name": self.secret_id, "VersionId": version_id} | _payload(self._versions[version_id])


def _payload(value: SecretValue) -> dict[str, Any]:
    match value:
        case None:
            return {"SecretBinary": b"\x00"}
        case str():
            return {"SecretString": value}
        case _:
            return {"SecretString": json.dumps(dict(value))}

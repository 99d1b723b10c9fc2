"""Secrets Manager's API over HTTP, for one secret: what boto3 really sends and understands, without the local cloud.

Error codes are those of the API reference of AWS Secrets Manager.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

from rotating_rds_function.domain.errors import LabelsMovedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.fake_secret_store import FakeSecretStore

ARN = "arn:aws:secretsmanager:us-east-1:000000000000:secret:orders-AbCdEf"


_DATES = {
    "CreatedDate": "created",
    "LastChangedDate": "changed",
    "LastRotatedDate": "rotated",
    "NextRotationDate": "due",
}


class ApiError(Exception):
    """An error answer."""

    def __init__(self, code: str, message: str = "", status: int = 400) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.status = status


@dataclass
class SecretsManagerApi:
    """The API in front of a fake store.

    :param requests: action and parameters of every request so far.
    :param failures: raised one after another by the next requests.
    """

    state: FakeSecretStore
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    failures: list[ApiError] = field(default_factory=list)

    def answer(self, action: str, request: dict[str, Any]) -> dict[str, Any]:
        """Answer a request."""
        self.requests.append((action, request))
        if self.failures:
            raise self.failures.pop(0)
        if action == "GetSecretValue" and request["SecretId"] in self.state.others:
            return self._get_other(request["SecretId"])
        if request["SecretId"] != ARN:
            raise ApiError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        actions = {
            "DescribeSecret": self._describe,
            "GetSecretValue": self._get,
            "ListSecretVersionIds": self._list,
            "PutSecretValue": self._put,
            "UpdateSecretVersionStage": self._update_stage,
        }
        return {"ARN": ARN, "Name": "orders", **actions[action](request)}

    def _describe(self, _: dict[str, Any]) -> dict[str, Any]:
        description = self.state.describe(ARN)
        return {
            "RotationEnabled": description.rotation_enabled,
            "VersionIdsToStages": {version: sorted(labels) for version, labels in description.labels.items()},
            "Tags": [{"Key": key, "Value": text} for key, text in description.tags.items()],
            **{name: getattr(self.state.times, field) for name, field in _DATES.items()},
        }

    def _list(self, _: dict[str, Any]) -> dict[str, Any]:
        versions = self.state.describe(ARN).labels
        return {
            "Versions": [{"VersionId": version, "CreatedDate": self.state.made(ARN, version)} for version in versions]
        }

    def _get(self, request: dict[str, Any]) -> dict[str, Any]:
        label: str = request["VersionStage"]
        version: str | None = request.get("VersionId")
        labels = self.state.describe(ARN).labels
        if version is not None and version in labels and label not in labels[version]:
            raise ApiError("InvalidRequestException", "The VersionStage is not associated to the VersionId.")
        text = self.state.read(ARN, label=label, version=version)
        if text is None:
            raise ApiError("ResourceNotFoundException", "Secrets Manager can't find the specified secret value.")
        holder = next(identifier for identifier, staged in labels.items() if label in staged)
        return {"VersionId": holder, "SecretString": text, "VersionStages": sorted(labels[holder])}

    def _get_other(self, arn: str) -> dict[str, Any]:
        """Answer with the current value of another secret."""
        text = self.state.read(arn, label="AWSCURRENT")
        if text is None:
            raise ApiError("ResourceNotFoundException", "Secrets Manager can't find the specified secret value.")
        return {"ARN": arn, "VersionId": "only", "SecretString": text, "VersionStages": ["AWSCURRENT"]}

    def _put(self, request: dict[str, Any]) -> dict[str, Any]:
        version, text = request["ClientRequestToken"], request["SecretString"]
        if self.state.values.get(version, text) != text:
            raise ApiError("ResourceExistsException", "You can't modify the value of a secret version.")
        self.state.write_pending(ARN, version=version, text=text)
        return {"VersionId": version, "VersionStages": request["VersionStages"]}

    def _update_stage(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            self.state.move_label(
                ARN,
                label=request["VersionStage"],
                source=request.get("RemoveFromVersionId"),
                destination=request.get("MoveToVersionId"),
            )
        except LabelsMovedError:
            pass
        else:
            return {}
        raise ApiError("InvalidParameterException", "The label is attached to another version.")


@contextmanager
def serving(api: SecretsManagerApi) -> Iterator[str]:
    """Serve the API on a free port and yield its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Answer in the protocol "AWS JSON 1.1"."""
            action = self.headers["X-Amz-Target"].rpartition(".")[2]
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                status, body = 200, api.answer(action, request)
            except ApiError as error:
                status, body = error.status, {"__type": error.code, "message": error.message}
            payload = json.dumps(body).encode()
            self.send_response_only(status)
            self.send_header("Date", formatdate(api.state.times.asked, usegmt=True))
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that is overridden
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(5)

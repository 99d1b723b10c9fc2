"""Secrets Manager as fast as it can be on this machine, so that what is measured is the function and its database.

An answer takes well under a millisecond, for both sides alike. AWS's own takes several, so that the side that asks
more often gains from this. Connections are kept alive as AWS keeps them.
"""

from __future__ import annotations

import json
import secrets
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

from tests.support.fake_secret_store import FakeSecretStore
from tests.support.secrets_manager_api import ARN, ApiError, SecretsManagerApi

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass
class SecretsManager:
    """Any number of secrets.

    :param calls: actions of all requests so far, those that were answered by an error among them.
    """

    calls: list[str] = field(default_factory=list)
    _secrets: dict[str, SecretsManagerApi] = field(default_factory=dict)

    def create(self, name: str, value: Mapping[str, Any], tags: Mapping[str, str] | None = None) -> str:
        """Make a secret and return its ARN."""
        arn = f"{ARN.removesuffix('orders-AbCdEf')}{name}-AbCdEf"
        store = FakeSecretStore(tags=dict(tags or {}))
        store.stage(str(uuid.uuid4()), "AWSCURRENT", value=json.dumps(value))
        self._secrets[arn] = SecretsManagerApi(store)
        return arn

    def begin_rotation(self, arn: str) -> str:
        """Stage a version without a value, as RotateSecret does, and return its token."""
        token = str(uuid.uuid4())
        self._secrets[arn].state.stage(token, "AWSPENDING")
        return token

    def has_rotated(self, arn: str, token: str) -> bool:
        """Tell whether a version is current."""
        return "AWSCURRENT" in self._secrets[arn].state.labels.get(token, ())

    def current(self, arn: str) -> dict[str, Any]:
        """Return the current value."""
        value: dict[str, Any] = json.loads(self._secrets[arn].state.value_of("AWSCURRENT") or "{}")
        return value

    def answer(self, action: str, request: dict[str, Any]) -> dict[str, Any]:
        """Answer a request."""
        self.calls.append(action)
        if action == "GetRandomPassword":
            return {"RandomPassword": secrets.token_hex(request["PasswordLength"] // 2)}
        if request["SecretId"] not in self._secrets:
            raise ApiError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        # Who asks for no label means the current version.
        stage = {"VersionStage": "AWSCURRENT"} if action == "GetSecretValue" else {}
        return self._secrets[request["SecretId"]].answer(action, {**stage, **request, "SecretId": ARN})


@contextmanager
def serving(manager: SecretsManager) -> Iterator[str]:
    """Serve the API on a free port of this machine and yield its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body leave together: apart, the second one waits for the first to be acknowledged
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            """Answer in the protocol "AWS JSON 1.1"."""
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                status, body = 200, manager.answer(self.headers["X-Amz-Target"].rpartition(".")[2], request)
            except ApiError as error:
                status, body = error.status, {"__type": error.code, "message": error.message}
            payload = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that is overridden
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(5)

"""Secrets Manager's wire protocol, so that boto3's real client can be tested without AWS."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.secrets_manager import FakeSecretsManager


class _Handler(BaseHTTPRequestHandler):
    """Answers GetSecretValue, and nothing else, from a fake client."""

    manager: ClassVar[FakeSecretsManager]

    def do_POST(self) -> None:
        """Answer one call of the JSON 1.1 protocol."""
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["X-Amz-Target"] != "secretsmanager.GetSecretValue":
            return self._answer(400, {"__type": "AccessDeniedException", "message": "only GetSecretValue is allowed"})
        try:
            return self._answer(200, self.manager.get_secret_value(**request))
        except ClientError as error:
            return self._answer(400, {"__type": error.response["Error"]["Code"], "message": "told by AWS"})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Keep the test's output clean."""


@contextmanager
def serving(manager: FakeSecretsManager) -> Iterator[str]:
    """Answer on a free port of this machine; yields the endpoint's address."""
    handler = type("_BoundHandler", (_Handler,), {"manager": manager})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()

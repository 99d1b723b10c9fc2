"""A platform behind an address on loopback, for as long as its process needs it."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

from localcloud.connection import UNSET
from localcloud.databases.ports import LOOPBACK
from localcloud.errors import LocalCloudError
from localcloud.platforms.ecs import EcsTask
from localcloud.platforms.instance import Ec2Instance
from localcloud.platforms.platform import VARIABLES, Answer, Platform, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from localcloud.cloud import LocalCloud

PLATFORMS: Final[Mapping[str, Callable[[LocalCloud, str], Platform]]] = {"ecs": EcsTask, "ec2": Ec2Instance}


def parse(text: str, cloud: LocalCloud) -> Platform:
    """Return what a text such as `ecs:ROLE` stands for.

    :raises LocalCloudError: it stands for nothing.
    """
    kind, colon, name = text.partition(":")
    if kind not in PLATFORMS or not colon or not name:
        raise LocalCloudError(
            f"{text!r} names no process's role: write ecs:ROLE for the task role of an ECS task, or "
            "ec2:INSTANCE_PROFILE for the role of an EC2 instance."
        )
    return PLATFORMS[kind](cloud, name)


@contextmanager
def running_as(cloud: LocalCloud, platform: Platform) -> Iterator[dict[str, str]]:
    """Serve a platform, and give the whole environment of a process that is on it.

    It is this process's own, but for what would lead SDKs elsewhere.

    :raises LocalCloudError: the role does not exist, or does not trust this kind of compute.
    """
    platform.credentials()  # AWS starts no task or instance whose role cannot be assumed
    with _Server(platform) as server:
        threading.Thread(target=server.serve_forever, name="platform", daemon=True).start()
        own = {name: value for name, value in os.environ.items() if name not in {*UNSET, *VARIABLES}}
        try:
            yield own | cloud.endpoint_environment() | platform.environment(server.url)
        finally:
            server.shutdown()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        super().__init__((LOOPBACK, 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._respond()

    def do_PUT(self) -> None:
        self._respond()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # http.server's naming
        """Write no access log: standard error is the process's own."""

    def _respond(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            answer = self.server.platform.answer(Request(self.command, self.path, headers))
        except LocalCloudError as error:  # the role is gone, or trusts this compute no more
            answer = Answer(str(error), HTTPStatus.INTERNAL_SERVER_ERROR)
        content = answer.body.encode()
        self.send_response(answer.status)
        for name, value in {"Content-Type": answer.content_type, **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

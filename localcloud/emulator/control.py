"""The control API: what AWS has no API for, as JSON over HTTP on the loopback interface."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from localcloud.databases import DatabaseServerError
from localcloud.emulator import clock, sessions
from localcloud.emulator.databases import DatabaseError
from localcloud.emulator.rotation.holds import Hold
from localcloud.emulator.settings import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.emulator.emulator import Emulator

_DATABASE_ACTIONS = ("stop", "start", "kill")
_ROLE = r"(?:arn:aws:iam::\d{12}:role/(?:[\w+=,.@-]+/)*)?[\w+=,.@-]+"


@dataclass(frozen=True)
class _Route:
    method: str
    path: re.Pattern[str]
    serve: Callable[..., Any]


class ControlServer(ThreadingHTTPServer):
    """Answers as soon as it exists; `serve_forever` in a thread of its own.

    :raises OSError: the port is taken.
    """

    daemon_threads = True

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._routes = [
            _Route("GET", re.compile(r"/health"), self._health),
            _Route("GET", re.compile(rf"/credentials/({_ROLE})"), sessions.role_credentials),
            _Route("POST", re.compile(r"/sessions"), sessions.service_credentials),
            _Route("POST", re.compile(r"/rotation-holds"), self._hold),
            _Route("GET", re.compile(r"/clock"), self._time),
            _Route("POST", re.compile(r"/clock"), self._advance),
            _Route("GET", re.compile(r"/rotations"), self._rotations),
            _Route("GET", re.compile(r"/secret-values"), self._secret_values),
            _Route("GET", re.compile(r"/databases"), self._databases),
            _Route("POST", re.compile(rf"/databases/([\w-]+)/({'|'.join(_DATABASE_ACTIONS)})"), self._command),
        ]
        super().__init__((LOOPBACK, emulator.settings.control_port), _Handler)

    def answer(self, method: str, path: str, body: bytes) -> tuple[HTTPStatus, Any]:
        """Serve one request and return status and document."""
        for route in self._routes:
            match = route.path.fullmatch(unquote(path))
            if match and route.method == method:
                return self._serve(route, match.groups(), body)
        return HTTPStatus.NOT_FOUND, {"message": f"The control API has no {method} {path}."}

    def _serve(self, route: _Route, groups: tuple[str, ...], body: bytes) -> tuple[HTTPStatus, Any]:
        try:
            return HTTPStatus.OK, route.serve(*groups, **(json.loads(body) if body else {}))
        except (sessions.UnknownRoleError, DatabaseError) as error:
            return HTTPStatus.NOT_FOUND, {"message": str(error)}
        except sessions.UntrustingRoleError as error:
            return HTTPStatus.FORBIDDEN, {"message": str(error)}
        except (TypeError, ValueError) as error:
            return HTTPStatus.BAD_REQUEST, {"message": str(error)}
        except (DatabaseServerError, TimeoutError) as error:
            return HTTPStatus.INTERNAL_SERVER_ERROR, {"message": str(error)}

    def _health(self) -> dict[str, str]:
        return {"status": "ready", "gateway": self._emulator.settings.gateway_url}

    def _hold(self, **request: Any) -> dict[str, str]:
        self._emulator.holds.add(Hold(**request))
        return {}

    def _time(self) -> dict[str, float]:
        return {"now": clock.now()}

    def _advance(self, *, advance: float) -> dict[str, float]:
        self._emulator.advance_clock(advance)
        return self._time()

    def _rotations(self) -> list[dict[str, Any]]:
        return [record.as_json() for record in self._emulator.rotations.records()]

    def _secret_values(self) -> list[str]:
        return self._emulator.captured_secret_values()

    def _databases(self) -> list[dict[str, Any]]:
        return [database.as_json() for database in self._emulator.databases.all()]

    def _command(self, identifier: str, action: str) -> dict[str, Any]:
        database = self._emulator.databases.get(identifier)
        {"stop": database.server.stop, "start": database.server.start, "kill": database.server.kill}[action]()
        return database.as_json()


class _Handler(BaseHTTPRequestHandler):
    server: ControlServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._respond()

    def do_POST(self) -> None:
        self._respond()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # http.server's naming
        """Write no access log: the paths say nothing that a failure's document does not."""

    def _respond(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, document = self.server.answer(self.command, self.path, body)
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

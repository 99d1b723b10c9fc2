"""A client of the emulator's control API: what AWS has no API for."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import quote

from localcloud.errors import LocalCloudError

# The control API is on this machine: a proxy that the environment names would not find it.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_SECONDS = 60.0
_CLOCK_SECONDS = 600.0  # a month may have many thousand runs of a scheduled function in it


@dataclass(frozen=True)
class RotationStep:
    """One invocation of the rotation function.

    :param started: seconds since the epoch.
    :param seconds: how long it took.
    :param error: the failure's type and message; None when it succeeded.
    """

    name: str
    started: float
    seconds: float
    error: str | None


@dataclass(frozen=True)
class RotationRecord:
    """One rotation of one secret, with every attempt's steps.

    :param version_id: the rotation's token.
    :param outcome: what became of it; None while it runs.
    """

    secret_arn: str
    version_id: str
    attempts: int
    outcome: str | None
    steps: tuple[RotationStep, ...]

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Self:
        """Read what the control API answered."""
        steps = tuple(
            RotationStep(step["name"], step["started"], step["seconds"], step["error"]) for step in document["steps"]
        )
        return cls(document["secret_arn"], document["version_id"], document["attempts"], document["outcome"], steps)


@dataclass(frozen=True)
class DatabaseRecord:
    """A database server that plays a DB instance.

    :param identifier: the DB instance identifier.
    :param pid: None while the server is stopped.
    :param log_file: what the server says about itself.
    :param general_log: the statements of its clients; the same file on PostgreSQL.
    """

    identifier: str
    engine: str
    host: str
    port: int
    pid: int | None
    log_file: str
    general_log: str


class ControlClient:
    """Speaks to one emulator.

    Every method raises :class:`LocalCloudError` when the emulator does not answer or refuses.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def is_ready(self) -> bool:
        """Whether the emulator answers and all of its services do."""
        try:
            return bool(self._call("GET", "/health")["status"] == "ready")
        except LocalCloudError:
            return False

    def credentials_url(self, role: str) -> str:
        """Return where credentials of a role are, in the shape that AWS's SDKs read from containers.

        :param role: its name, or its ARN.
        """
        return f"{self.url}/credentials/{quote(role, safe='')}"

    def credentials(self, role: str) -> dict[str, str]:
        """Return keys of a new session of a role: AccessKeyId, SecretAccessKey, Token and Expiration."""
        answer: dict[str, str] = self._call("GET", self.credentials_url(role).removeprefix(self.url))
        return answer

    def assume(self, role: str, *, service: str, source_arn: str, session: str) -> dict[str, str]:
        """Return keys of a new session that a service begins in a role, if its trust policy admits that.

        :param role: its name, or its ARN.
        :param service: principal, such as `ecs-tasks.amazonaws.com`.
        :param source_arn: for which of the service's resources.
        :param session: the session's name.
        """
        request = {"role": role, "service": service, "source_arn": source_arn, "session": session}
        answer: dict[str, str] = self._call("POST", "/sessions", request)
        return answer

    def hold_rotation(self, *, after_step: str, seconds: float, times: int, secret_id: str | None) -> None:
        """Have the next rotations pause after one of their steps."""
        hold = {"after_step": after_step, "seconds": seconds, "times": times, "secret_id": secret_id}
        self._call("POST", "/rotation-holds", hold)

    def rotations(self) -> list[RotationRecord]:
        """Return every rotation so far, the oldest first."""
        return [RotationRecord.from_json(document) for document in self._call("GET", "/rotations")]

    def captured_secret_values(self) -> list[str]:
        """Return every value that was written to a secret."""
        values: list[str] = self._call("GET", "/secret-values")
        return values

    def now(self) -> float:
        """Return the emulator's time in seconds since the epoch."""
        now: float = self._call("GET", "/clock")["now"]
        return now

    def advance_clock(self, seconds: float) -> None:
        """Move the time forward, and wait until everything that was due on the way is done."""
        self._call("POST", "/clock", {"advance": seconds}, timeout=_CLOCK_SECONDS)

    def databases(self) -> list[DatabaseRecord]:
        """Return every database server."""
        return [DatabaseRecord(**document) for document in self._call("GET", "/databases")]

    def stop_database(self, identifier: str) -> None:
        """Stop a DB instance's server in an orderly way."""
        self._command(identifier, "stop")

    def start_database(self, identifier: str) -> None:
        """Start a DB instance's server again."""
        self._command(identifier, "start")

    def kill_database(self, identifier: str) -> None:
        """End a DB instance's server as a crash would."""
        self._command(identifier, "kill")

    def _command(self, identifier: str, action: str) -> None:
        self._call("POST", f"/databases/{quote(identifier, safe='')}/{action}")

    def _call(
        self, method: str, path: str, document: dict[str, Any] | None = None, *, timeout: float = _SECONDS
    ) -> Any:
        body = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(  # noqa: S310  always http, to our own emulator
            self.url + path, data=body, method=method, headers={"Content-Type": "application/json"}
        )
        try:
            with _OPENER.open(request, timeout=timeout) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                raise LocalCloudError(_refusal(method, path, error)) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise LocalCloudError(
                f"The local cloud's control API at {self.url} does not answer ({reason}): "
                "see `python -m localcloud status`."
            ) from error


def _refusal(method: str, path: str, error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["message"])
    except (ValueError, KeyError, TypeError):
        return f"The control API refused {method} {path}: {error.code} {HTTPStatus(error.code).phrase}."

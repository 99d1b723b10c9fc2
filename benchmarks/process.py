"""Processes of one rotation function: a new one is a cold start, the same one again is a warm invocation."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from benchmarks.errors import BenchmarkError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

_WORKER = Path(__file__).with_name("worker.py")


@dataclass(frozen=True)
class Function:
    """A rotation function that can be run.

    :param name: for people.
    :param order: where its handler is; see worker.py.
    :param sources: folders of its own code and of its dependencies, which lie on Lambda without compiled files.
    :param environment: what its deployment sets.
    """

    name: str
    order: Mapping[str, Any]
    sources: tuple[Path, ...]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Runtime:
    """The interpreter for all functions, and what Lambda has around it.

    Both sides get the same one: what it offers is compiled, as on Lambda, and what a function brings along is not, for
    it lies in a read-only folder and is compiled again at every cold start.

    :param python: an interpreter that has boto3.
    :param folder: scratch.
    :param endpoint: address of Secrets Manager.
    """

    python: Path
    folder: Path
    endpoint: str

    @property
    def _cache(self) -> Path:
        return self.folder / "compiled"

    def environment(self) -> dict[str, str]:
        """Return the variables of every function, none of which come from the machine's user."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LANG": "en_US.UTF-8",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "benchmark",
            "AWS_SECRET_ACCESS_KEY": "benchmark",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": self.endpoint,
            "SECRETS_MANAGER_ENDPOINT": self.endpoint,  # where AWS's samples look for it
        }

    def command(self, *, compiling: bool = False) -> list[str]:
        """Return the command that starts the interpreter.

        :param compiling: whether it leaves compiled files behind.
        """
        return [str(self.python), "-X", f"pycache_prefix={self._cache}", *([] if compiling else ["-B"])]

    def forget_compiled(self, function: Function) -> None:
        """Remove the compiled files of a function, and leave those of the interpreter and of boto3."""
        for folder in function.sources:
            shutil.rmtree(self._cache / folder.resolve().relative_to("/"), ignore_errors=True)


@dataclass(frozen=True)
class Rotated:
    """What one rotation took.

    :param load_seconds: until the handler was imported; 0 in a process that had it.
    :param seconds: with that, until the four steps were done.
    :param peak_megabytes: the most memory that the process had until then.
    """

    load_seconds: float
    seconds: float
    peak_megabytes: float


@dataclass
class Process:
    """One process of a function; ends with the `with` block."""

    function: Function
    runtime: Runtime
    compiling: bool = False
    _process: subprocess.Popen[str] = field(init=False)

    def __enter__(self) -> Self:
        """Start it; it has imported nothing of the function yet."""
        self._log = self.runtime.folder / "function.log"
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [*self.runtime.command(compiling=self.compiling), str(_WORKER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=self.runtime.folder,
                env={**self.runtime.environment(), **self.function.environment},
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()

    def rotate(self, secret: str, token: str) -> Rotated:
        """Run the four steps.

        :raises BenchmarkError: if one fails.
        """
        if self._process.stdin is None or self._process.stdout is None:
            raise BenchmarkError(f"{self.function.name} was started without pipes.")
        try:
            print(
                json.dumps({**self.function.order, "secret": secret, "token": token}),
                file=self._process.stdin,
                flush=True,
            )
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise BenchmarkError(f"{self.function.name} failed: {' | '.join(self._last_words())}")
        return Rotated(**json.loads(answer))

    def _last_words(self) -> Iterator[str]:
        return (line.strip() for line in self._log.read_text().splitlines()[-3:])

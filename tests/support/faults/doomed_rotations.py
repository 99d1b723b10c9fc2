"""Rotations on a real server by the deployed function, in processes that may be killed at any external call."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from rotating_rds_function.adapters.tls import CA_BUNDLE_VARIABLE
from rotating_rds_function.domain.endpoints import VARIABLE
from tests.support.deployment import ROOT
from tests.support.doomed_function import STEPS, Call
from tests.support.faults.faulty_world import FaultyWorld
from tests.support.faults.people import People
from tests.support.faults.real_backstage import real_backstage
from tests.support.secrets_manager_api import ARN, SecretsManagerApi, serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from localcloud.databases import Authority, DatabaseServer
    from tests.support.faults.real_backstage import RealBackstage


@dataclass
class DoomedRotations:
    """One secret of a real server, behind a served Secrets Manager, and the process that rotates it.

    :param world: the secret and what is promised about it.
    :param folder: for journals and for what the function prints.
    """

    world: FaultyWorld
    backstage: RealBackstage
    folder: Path
    process: subprocess.Popen[str]
    variant: str = "sound"
    _runs: int = field(default=0, init=False)

    @cached_property
    def people(self) -> People:
        """Whoever has access to secret and database."""
        return People(self.world)

    @property
    def output(self) -> str:
        """What the function has printed in all of its runs."""
        return self._output.read_text() if self._output.exists() else ""

    def run(
        self, at: int | None = None, *, after: bool = False, steps: Sequence[str] = STEPS
    ) -> tuple[int, list[Call]]:
        """Run steps for the newest version; return the exit code and the external calls.

        :param at: index of the external call to die at.
        :param after: whether it dies after the call had its effect, instead of before.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._runs += 1
        journal = self.folder / f"{self._runs}.jsonl"
        order = {
            "secret": ARN,
            "token": self.world.tokens[-1],
            "journal": str(journal),
            "output": str(self._output),
            "variant": self.variant,
            "steps": list(steps),
            "at": at,
            "after": after,
        }
        print(json.dumps(order), file=self.process.stdin, flush=True)
        code = int(self.process.stdout.readline())
        return code, [Call(**json.loads(line)) for line in journal.read_text().splitlines()] if journal.exists() else []

    @property
    def _output(self) -> Path:
        return self.folder / "output.log"


@contextmanager
def doomed_rotations(
    name: str, strategy: str, server: DatabaseServer, authority: Authority, folder: Path, *, retain_for: int = 86_400
) -> Iterator[DoomedRotations]:
    """Make a user on a server, and its secret.

    :param name: of the fixture that runs the server.
    """
    backstage = real_backstage(name, server, authority)
    world = FaultyWorld(backstage, strategy, retain_for=retain_for)
    endpoint = {"host": server.host, "port": server.port, "server_name": "localhost"}
    with serving(SecretsManagerApi(world.store)) as url:
        environment = {
            "PATH": os.environ["PATH"],
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            VARIABLE: json.dumps({"orders": endpoint}),
            CA_BUNDLE_VARIABLE: str(authority.certificate),
        }
        with subprocess.Popen(
            [sys.executable, "-m", "tests.support.doomed_function", "serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment,
        ) as process:
            try:
                yield DoomedRotations(world, backstage, folder, process)
            finally:
                process.kill()
                backstage.close()

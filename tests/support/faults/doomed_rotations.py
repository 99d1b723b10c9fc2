"""Rotations on a real server by the deployed function, in processes that may be killed at any external call."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from rotating_rds_function.adapters.tls import CA_BUNDLE_VARIABLE
from rotating_rds_function.domain.endpoints import VARIABLE
from tests.support.doomed_function import STEPS
from tests.support.doomed_process import DoomedProcess, doomed_process
from tests.support.faults.faulty_world import FaultyWorld
from tests.support.faults.people import People
from tests.support.faults.real_backstage import real_backstage
from tests.support.secrets_manager_api import ARN, SecretsManagerApi, serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from localcloud.databases import Authority, DatabaseServer
    from tests.support.doomed_function import Call
    from tests.support.faults.real_backstage import RealBackstage


@dataclass
class DoomedRotations:
    """One secret of a real server, behind a served Secrets Manager, and the process that rotates it.

    :param world: the secret and what is promised about it.
    """

    world: FaultyWorld
    backstage: RealBackstage
    process: DoomedProcess
    variant: str = "sound"

    @cached_property
    def people(self) -> People:
        """Whoever has access to secret and database."""
        return People(self.world)

    @property
    def output(self) -> str:
        """What the function has printed in all of its runs."""
        return self.process.output

    def run(
        self, at: int | None = None, *, after: bool = False, steps: Sequence[str] = STEPS
    ) -> tuple[int, list[Call]]:
        """Run steps for the newest version; return the exit code and the external calls.

        :param at: index of the external call to die at.
        :param after: whether it dies after the call had its effect, instead of before.
        """
        order = {"secret": ARN, "token": self.world.tokens[-1], "variant": self.variant, "steps": list(steps)}
        return self.process.run(**order, at=at, after=after)


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
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            VARIABLE: json.dumps({"orders": endpoint}),
            CA_BUNDLE_VARIABLE: str(authority.certificate),
        }
        with doomed_process(folder, environment) as process:
            try:
                yield DoomedRotations(world, backstage, process)
            finally:
                backstage.close()

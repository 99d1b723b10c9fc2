"""Whole rotations on a real PostgreSQL: runs at once, and a server that goes down in the middle."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from localcloud.databases import Authority, PostgresServer
from rotating_rds_function.adapters import tls
from rotating_rds_function.adapters.clock import SystemClock
from rotating_rds_function.adapters.engines import ENGINES, open_database
from rotating_rds_function.domain.endpoints import Endpoint
from rotating_rds_function.domain.errors import AuthenticationError
from rotating_rds_function.domain.patience import Deadline
from rotating_rds_function.domain.progress import Progress
from rotating_rds_function.domain.rotation import Rotation
from rotating_rds_function.domain.steps import Step, StepRequest
from rotating_rds_function.domain.strategies import STRATEGIES
from rotating_rds_function.domain.targets import Deployment
from rotating_rds_function.domain.versions import AWSCURRENT, AWSPENDING, AWSPREVIOUS
from tests.support.fake_secret_store import FakeSecretStore
from tests.support.rotations import FIRST_PASSWORD as PASSWORD
from tests.support.rotations import TAGS, USERNAME, password_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class _Rotating:
    """A secret in memory and its user on a real server."""

    def __init__(self, server: PostgresServer, authority: Authority) -> None:
        self.server = server
        self.store = FakeSecretStore(tags=TAGS)
        self.store.stage("old", AWSCURRENT, value=json.dumps({"username": USERNAME, "password": PASSWORD}))
        self.store.stage("new", AWSPENDING)
        self._trust = tls.trust(str(authority.certificate))
        self._endpoint = Endpoint(server.host, server.port, server.host)

    def run(self, step: Step, *, seconds: float = 20.0) -> Progress:
        clock, progress = SystemClock(), Progress()
        deadline = Deadline(clock, seconds)
        rotation = Rotation(
            store=self.store,
            deployment=Deployment({"orders": self._endpoint}, ENGINES, STRATEGIES),
            connect=lambda target: open_database(target, trust=self._trust, deadline=deadline),
            clock=clock,
            deadline=deadline,
        )
        rotation.run(StepRequest(step, "arn", "new"), progress)
        return progress

    def logs_in(self, label: str) -> bool:
        clock = SystemClock()
        database = open_database(
            Deployment({"orders": self._endpoint}, ENGINES, STRATEGIES).target(TAGS),
            trust=self._trust,
            deadline=Deadline(clock, 20),
        )
        try:
            database.login(USERNAME, password_of(self.store.value_of(label))).close()
        except AuthenticationError:
            return False
        return True

    def when_the_pending_value_is_read(self, happens: Callable[[], None]) -> None:
        """Have something happen once, while setSecret holds the lock."""
        read = self.store.read

        def reading(secret_id: str, *, label: str, version: str | None = None) -> str | None:
            if label == AWSPENDING:
                self.store.read = read  # type: ignore[method-assign]
                happens()
            return read(secret_id, label=label, version=version)

        self.store.read = reading  # type: ignore[method-assign]


@pytest.fixture
def rotating(postgres: PostgresServer, authority: Authority, role: Callable[..., str]) -> _Rotating:
    """Return a rotation of a user of the shared server."""
    role(USERNAME)
    return _Rotating(postgres, authority)


@pytest.fixture
def mortal(authority: Authority, tmp_path: Path) -> Iterator[_Rotating]:
    """Return a rotation of the master of a server that may be killed."""
    server = PostgresServer.create(
        tmp_path / "mortal", authority=authority, master_username=USERNAME, master_password=PASSWORD
    )
    yield _Rotating(server, authority)
    server.destroy()


@pytest.mark.parametrize("step", list(Step))
def test_runs_of_one_step_at_once_end_as_one(rotating: _Rotating, step: Step) -> None:
    """Secrets Manager gives up on an invocation and starts another while the first still works."""
    for earlier in list(Step)[: list(Step).index(step)]:
        rotating.run(earlier)
    barrier = threading.Barrier(4)

    def run(_: int) -> None:
        barrier.wait(5)
        rotating.run(step)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, range(4)))
    for rest in list(Step)[list(Step).index(step) :]:
        rotating.run(rest)
    assert rotating.store.labels == {"old": {AWSPREVIOUS}, "new": {AWSCURRENT}}
    assert rotating.logs_in(AWSCURRENT)


def test_a_server_that_crashes_under_the_lock_is_waited_for(mortal: _Rotating) -> None:
    """The step is repeated until the server is back: refused connections, then "starting up", then a login."""
    mortal.run(Step.CREATE)
    restart = threading.Timer(0.5, mortal.server.start)

    def crash() -> None:
        mortal.server.kill()
        restart.start()

    mortal.when_the_pending_value_is_read(crash)
    progress = mortal.run(Step.SET)
    restart.join(10)
    assert progress.attempts > 1
    assert mortal.logs_in(AWSPENDING)
    assert not mortal.logs_in(AWSCURRENT)


def test_a_server_that_shuts_down_under_the_lock_is_waited_for(mortal: _Rotating) -> None:
    """As in a planned failover: the session is told, then ended."""
    mortal.run(Step.CREATE)

    def restart() -> None:
        mortal.server.stop()
        mortal.server.start()

    mortal.when_the_pending_value_is_read(restart)
    assert mortal.run(Step.SET).attempts == 2
    assert mortal.logs_in(AWSPENDING)

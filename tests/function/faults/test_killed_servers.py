"""Servers killed with SIGKILL in the middle of setSecret and testSecret, and started again while the step goes on."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from localcloud.databases import MariaDbServer, MySqlServer, PostgresServer
from rotating_rds_function.domain.errors import NotReadyError, RotationError, UnreachableError
from rotating_rds_function.domain.steps import Step
from tests.support.crashes import Crash
from tests.support.databases import running
from tests.support.faults.broken_variants import NoRollForward, PasswordBeforeGrants
from tests.support.faults.convergence import assert_well
from tests.support.faults.faulty_world import ALL, FaultyWorld
from tests.support.faults.real_backstage import real_backstage
from tests.support.faults.side_by_side import Job, side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from localcloud.databases import Authority, DatabaseServer
    from rotating_rds_function.domain.strategies import Strategy

# admin_reset makes the calls of alternating_users, but for MySQL's secondary passwords.
LANES = [
    ("postgres", "single_user"),
    ("postgres", "alternating_users"),
    ("mysql", "single_user"),
    ("mysql", "admin_reset"),
    ("mysql", "alternating_users"),
    ("mariadb", "single_user"),
    ("mariadb", "alternating_users"),
]
BROKEN: list[tuple[str, str, Strategy]] = [
    ("postgres", "single_user", NoRollForward()),
    ("mysql", "alternating_users", PasswordBeforeGrants()),
    ("mariadb", "alternating_users", PasswordBeforeGrants()),
]
KINDS: dict[str, type[DatabaseServer]] = {"postgres": PostgresServer, "mysql": MySqlServer, "mariadb": MariaDbServer}
DOWN_SECONDS = 0.3
STEP_SECONDS = 20.0


@dataclass
class ServerKiller(Crash):
    """Kills the server at a call of the database's port, and starts it again a moment later.

    :param server: which one.
    :param stays_down: until somebody else starts it.
    """

    server: DatabaseServer | None = None
    stays_down: bool = False
    restart: threading.Thread | None = field(default=None, init=False)

    def call(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Make a call, which finds the server dead if it is the one."""
        index, self.calls = self.calls, self.calls + 1
        if index == self.at and self.server is not None:
            self.server.kill()
            if not self.stays_down:
                self.restart = threading.Timer(DOWN_SECONDS, self.server.start)
                self.restart.start()
        return method(*args, **kwargs)

    def wait(self) -> None:
        """Wait until the server is up again."""
        if self.restart is not None:
            self.restart.join()
        elif self.server is not None and self.server.pid is None:
            self.server.start()


def rotate(world: FaultyWorld) -> None:
    """Perform a whole rotation without a disturbance."""
    world.start_uneven_rotation()
    for step in Step:
        world.run_step(step, seconds=STEP_SECONDS)
    assert_well(world, world.tokens[-1])


def calls_of(world: FaultyWorld, step: Step) -> int:
    """Return how many calls of the database's port a step of an undisturbed rotation makes."""
    world.start_uneven_rotation()
    counted = Crash()
    for each in Step:
        world.run_step(each, seconds=STEP_SECONDS, crash=counted if each is step else None)
    return counted.calls


def kill_in(world: FaultyWorld, step: Step, killer: ServerKiller, *, seconds: float = STEP_SECONDS) -> bool:
    """Rotate up to *step*, in which the server is killed, then repeat it; return whether the step succeeded."""
    world.start_uneven_rotation()
    for each in Step:
        if each is step:
            break
        world.run_step(each, seconds=STEP_SECONDS)
    try:
        world.run_step(step, seconds=seconds, crash=killer)
    except (NotReadyError, UnreachableError):  # any other cause would be the wrong one
        succeeded = False
    else:
        succeeded = True
    killer.wait()
    world.backstage.reconnect()
    where = f"Killed at call {killer.at} of {step}:"
    assert world.promises() == ALL, f"{where} a promise is broken."
    for each in Step:
        world.run_step(each, seconds=STEP_SECONDS)
        assert world.promises() == ALL, f"{where} {each} of the repetition broke a promise."
    assert_well(world, world.tokens[-1])
    return succeeded


def kill_everywhere(name: str, strategy: str, mortal: DatabaseServer, authority: Authority) -> str:
    """Kill the server at every call of setSecret and testSecret, one after the other; return a sentence about it."""
    backstage = real_backstage(name, mortal, authority)
    world = FaultyWorld(backstage, strategy)
    rotate(world)
    points = [(step, at) for step in (Step.SET, Step.TEST) for at in range(calls_of(world, step))]
    succeeded = sum(kill_in(world, step, ServerKiller(at=at, server=mortal)) for step, at in points)
    backstage.close()
    return (
        f"killed servers: {name} {strategy}: killed at {len(points)} calls, {succeeded} steps got over it by "
        "themselves, converged each time"
    )


def leave_dead(name: str, strategy: str, broken: Strategy, mortal: DatabaseServer, authority: Authority) -> None:
    """Kill it for the rest of the step, at every call of setSecret by a function that is wrong in a single way."""
    backstage = real_backstage(name, mortal, authority)
    strategies = dict(backstage.deployment.strategies)
    world = FaultyWorld(backstage, strategy, strategies=strategies)
    rotate(world)
    strategies[strategy] = broken
    points = range(calls_of(world, Step.SET))
    try:
        for at in points:
            kill_in(world, Step.SET, ServerKiller(at=at, server=mortal, stays_down=True), seconds=1.0)
    finally:
        mortal.start()


@pytest.fixture(scope="module")
def begun(authority: Authority, tmp_path_factory: Any) -> Iterator[dict[Job, Future[Any]]]:
    """Begin with all engines at once, on servers that no other test uses; each test sees to its own part."""
    with ExitStack() as tidy:
        on = {
            name: (tidy.enter_context(running(kind, tmp_path_factory.mktemp(f"mortal-{name}"), authority)), authority)
            for name, kind in KINDS.items()
        }
        jobs: dict[Job, Callable[[], Any]] = {
            (name, strategy): partial(kill_everywhere, name, strategy, *on[name]) for name, strategy in LANES
        }
        for name, strategy, broken in BROKEN:
            jobs[name, strategy, "broken"] = partial(leave_dead, name, strategy, broken, *on[name])
        yield side_by_side(tidy, jobs)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("name", "strategy"), LANES)
def test_a_step_gets_over_a_server_that_dies_and_comes_back(
    name: str, strategy: str, begun: dict[Job, Future[Any]], tell: Callable[[str], None]
) -> None:
    """At every call of setSecret and testSecret: it goes on, or ends with the cause, and a repetition converges."""
    tell(begun[name, strategy].result())


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("name", "strategy"), [(name, strategy) for name, strategy, _ in BROKEN])
def test_a_dead_server_shows_a_broken_function(name: str, strategy: str, begun: dict[Job, Future[Any]]) -> None:
    """One that is wrong in a single way does not get through: here servers stay down for the rest of the step."""
    with pytest.raises((AssertionError, RotationError)):
        begun[name, strategy, "broken"].result()

"""Rotations through a network that cuts, delays, swallows and truncates, on real servers."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from rotating_rds_function.domain.errors import NotReadyError, RotationError, TlsError, UnreachableError
from rotating_rds_function.domain.steps import Step
from tests.support.faults.broken_variants import NoRollForward, PasswordBeforeGrants
from tests.support.faults.convergence import assert_well
from tests.support.faults.faulty_world import ALL, FaultyWorld
from tests.support.faults.real_backstage import real_backstage
from tests.support.proxy import Fault, Proxy, proxy_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from localcloud.databases import Authority
    from rotating_rds_function.domain.strategies import Strategy

LANES = [
    (engine, strategy)
    for engine in ("postgres", "mysql", "mariadb")
    for strategy in ("single_user", "admin_reset", "alternating_users")
]
BROKEN: list[tuple[str, str, Strategy]] = [
    ("postgres", "single_user", NoRollForward()),
    ("mysql", "single_user", NoRollForward()),
    ("mysql", "alternating_users", PasswordBeforeGrants()),
    ("mariadb", "alternating_users", PasswordBeforeGrants()),
]
STEP_SECONDS = 2.5
# Beyond its time a step may take no longer than a busy machine takes to notice.
TOLERANCE_SECONDS = 1.5
# Chunks of a recorded rotation to spoil, spread evenly over it: where nothing answers, each costs a step's whole time.
POINTS = {
    Fault.RESET: 4,
    Fault.CLOSE: 2,
    Fault.TRUNCATE: 4,
    Fault.DELAY: 1,
    Fault.BLACK_HOLE: 2,
    Fault.OUTAGE: 2,
}
CAUSES = (UnreachableError, NotReadyError, TlsError)


@dataclass(frozen=True)
class Lane:
    """A user of a server whose rotations go through a proxy of its own.

    :param tidy: closes everything when all lanes are done: who loses the sessions of one loses those of its
        administrator, who is the others' too.
    """

    name: str
    strategy: str
    server: Any
    authority: Authority
    tidy: ExitStack

    def open(self, broken: Strategy | None = None) -> tuple[Proxy, FaultyWorld]:
        """Make the user, and rotate it once.

        :param broken: what takes the place of the strategy from then on.
        """
        proxy = self.tidy.enter_context(proxy_to(self.server.port))
        backstage = real_backstage(self.name, self.server, self.authority, port=proxy.port)
        self.tidy.callback(backstage.close)
        strategies = dict(backstage.deployment.strategies)
        world = FaultyWorld(backstage, self.strategy, strategies=strategies)
        for step in Step:
            world.run_step(step, seconds=20)
        if broken is not None:
            strategies[self.strategy] = broken
        return proxy, world


def chunks_of(proxy: Proxy, world: FaultyWorld) -> int:
    """Return the number of chunks of an undisturbed rotation."""
    world.start_uneven_rotation()
    proxy.heal()
    for step in Step:
        world.run_step(step, seconds=20)
    assert_well(world, world.tokens[-1])
    return proxy.chunks


def disturb(proxy: Proxy, world: FaultyWorld, fault: Fault, at: int) -> str:
    """Rotate with one chunk spoilt, then once more through the healed network; return the cause, if a step failed."""
    world.start_uneven_rotation()
    proxy.arm(fault, at)
    cause = ""
    for step in Step:
        began = time.monotonic()
        try:
            world.run_step(step, seconds=STEP_SECONDS)
        except CAUSES as error:  # any other one would be the wrong cause
            cause = str(error.cause)
        elapsed = time.monotonic() - began
        assert elapsed < STEP_SECONDS + TOLERANCE_SECONDS, f"{fault} of chunk {at}: {step} took {elapsed:.1f} s."
        if cause:
            # The server misses a session that was swallowed before the step's time is over, and so frees its lock.
            time.sleep(max(0.0, STEP_SECONDS - elapsed) if fault is Fault.BLACK_HOLE else 0.0)
            break
    proxy.heal()
    assert world.promises() == ALL, f"{fault} of chunk {at} broke a promise."
    for step in Step:
        world.run_step(step, seconds=STEP_SECONDS)
        assert world.promises() == ALL, f"{fault} of chunk {at}: {step} of the repetition broke a promise."
    assert_well(world, world.tokens[-1])
    return cause


def spread(chunks: int, points: int) -> list[int]:
    """Return numbers of chunks, evenly spread."""
    return sorted({round((number + 0.5) * (chunks - 1) / points) for number in range(points)})


def spoil_everything(lane: Lane) -> str:
    """Spoil chunks all over a rotation, one after the other; return a sentence about it."""
    proxy, world = lane.open()
    chunks = chunks_of(proxy, world)
    points = [(fault, at) for fault, count in POINTS.items() for at in spread(chunks, count)]
    failed = [cause for cause in (disturb(proxy, world, fault, at) for fault, at in points) if cause]
    return (
        f"bad network: {lane.name} {lane.strategy}: {len(points)} of {chunks} chunks spoilt, {len(failed)} steps failed "
        f"({', '.join(sorted(set(failed))) or 'none'}), converged each time"
    )


def cut_off(lane: Lane, broken: Strategy) -> None:
    """Have the network fail at any moment of setSecret, by a function that is wrong in a single way."""
    proxy, world = lane.open(broken)
    world.start_uneven_rotation()
    world.run_step(Step.CREATE, seconds=20)
    proxy.heal()
    world.run_step(Step.SET, seconds=20)
    points = spread(proxy.chunks, 24)
    for step in (Step.TEST, Step.FINISH):
        world.run_step(step, seconds=20)
    for at in points:
        disturb(proxy, world, Fault.OUTAGE, at)


@pytest.fixture(scope="module")
def begun(request: pytest.FixtureRequest, authority: Authority) -> Iterator[dict[tuple[str, ...], Future[Any]]]:
    """Begin everything at once, for nearly all of its time is waiting; each test sees to its own."""
    servers = {name: request.getfixturevalue(name) for name, _ in LANES}
    with ExitStack() as tidy, ThreadPoolExecutor(len(LANES) + len(BROKEN)) as pool:
        begun: dict[tuple[str, ...], Future[Any]] = {
            (name, strategy): pool.submit(spoil_everything, Lane(name, strategy, servers[name], authority, tidy))
            for name, strategy in LANES
        }
        for name, strategy, broken in BROKEN:
            lane = Lane(name, strategy, servers[name], authority, tidy)
            begun[name, strategy, "broken"] = pool.submit(cut_off, lane, broken)
        yield begun


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("name", "strategy"), LANES)
def test_steps_are_bounded_and_a_repetition_converges(
    name: str, strategy: str, begun: dict[tuple[str, ...], Future[Any]], tell: Callable[[str], None]
) -> None:
    """Whatever the network does to one chunk, the cause is named in time, and no lock outlives the step."""
    tell(begun[name, strategy].result())


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("name", "strategy"), [(name, strategy) for name, strategy, _ in BROKEN])
def test_outages_show_a_broken_function(name: str, strategy: str, begun: dict[tuple[str, ...], Future[Any]]) -> None:
    """One that is wrong in a single way does not get through."""
    with pytest.raises((AssertionError, RotationError)):
        begun[name, strategy, "broken"].result()

"""Rotations through a network that cuts, delays, swallows and truncates, on real servers."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from rotating_rds_function.domain.errors import NotReadyError, RotationError, TlsError, UnreachableError
from rotating_rds_function.domain.steps import Step
from tests.support.faults.broken_variants import NoRollForward, PasswordBeforeGrants
from tests.support.faults.convergence import assert_well
from tests.support.faults.faulty_world import ALL, FaultyWorld
from tests.support.faults.real_backstage import real_backstage
from tests.support.faults.side_by_side import Job, side_by_side
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


@contextmanager
def bad_network(
    name: str, strategy: str, server: Any, authority: Authority, broken: Strategy | None = None
) -> Iterator[tuple[Proxy, FaultyWorld]]:
    """Make a user whose rotation goes through a proxy, and rotate it once."""
    with proxy_to(server.port) as proxy:
        backstage = real_backstage(name, server, authority, port=proxy.port)
        strategies = dict(backstage.deployment.strategies)
        world = FaultyWorld(backstage, strategy, strategies=strategies)
        try:
            for step in Step:
                world.run_step(step, seconds=20)
            if broken is not None:
                strategies[strategy] = broken
            yield proxy, world
        finally:
            backstage.close()


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
            # The server ends a session that was swallowed a step's time after its last statement, and frees its lock.
            time.sleep(STEP_SECONDS if fault is Fault.BLACK_HOLE else 0.0)
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


def spoil_everything(name: str, strategy: str, server: Any, authority: Authority) -> str:
    """Spoil chunks all over a rotation, one after the other; return a sentence about it."""
    with bad_network(name, strategy, server, authority) as (proxy, world):
        chunks = chunks_of(proxy, world)
        points = [(fault, at) for fault, count in POINTS.items() for at in spread(chunks, count)]
        failed = [cause for cause in (disturb(proxy, world, fault, at) for fault, at in points) if cause]
    return (
        f"bad network: {name} {strategy}: {len(points)} of {chunks} chunks spoilt, {len(failed)} steps failed "
        f"({', '.join(sorted(set(failed))) or 'none'}), converged each time"
    )


def cut_off(name: str, strategy: str, broken: Strategy, server: Any, authority: Authority) -> None:
    """Have the network fail at any moment of setSecret, by a function that is wrong in a single way."""
    with bad_network(name, strategy, server, authority, broken) as (proxy, world):
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
def begun(request: pytest.FixtureRequest, authority: Authority) -> Iterator[dict[Job, Future[Any]]]:
    """Begin with all engines at once; each test sees to its own part.

    Who loses the sessions of one lane loses those of its administrator, who is that of its server's other lanes too.
    """
    on = {name: (request.getfixturevalue(name), authority) for name in dict(LANES)}
    jobs: dict[Job, Callable[[], Any]] = {
        (name, strategy): partial(spoil_everything, name, strategy, *on[name]) for name, strategy in LANES
    }
    for name, strategy, broken in BROKEN:
        jobs[name, strategy, "broken"] = partial(cut_off, name, strategy, broken, *on[name])
    with ExitStack() as tidy:
        yield side_by_side(tidy, jobs)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("name", "strategy"), LANES)
def test_steps_are_bounded_and_a_repetition_converges(
    name: str, strategy: str, begun: dict[Job, Future[Any]], tell: Callable[[str], None]
) -> None:
    """Whatever the network does to one chunk, the cause is named in time, and no lock is held for long."""
    tell(begun[name, strategy].result())


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("name", "strategy"), [(name, strategy) for name, strategy, _ in BROKEN])
def test_outages_show_a_broken_function(name: str, strategy: str, begun: dict[Job, Future[Any]]) -> None:
    """One that is wrong in a single way does not get through."""
    with pytest.raises((AssertionError, RotationError)):
        begun[name, strategy, "broken"].result()

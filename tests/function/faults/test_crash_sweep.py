"""The function killed before and after each of its external calls: every strategy, on every real server.

The points are those of a recorded run. Each time a process is killed with SIGKILL, so that no handler, no `finally` and
no driver gets to tidy up; then the rotation is repeated with the same token, as Secrets Manager does. Between one call
and the next there is nothing that the outside could tell apart, so that a death after one is a death before the next.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.doomed_function import STEPS
from tests.support.faults.convergence import assert_well
from tests.support.faults.doomed_rotations import DoomedRotations, doomed_rotations
from tests.support.faults.faulty_world import ALL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from localcloud.databases import Authority

LANES = [
    (engine, strategy)
    for engine in ("postgres", "mysql", "mariadb")
    for strategy in ("single_user", "admin_reset", "alternating_users")
]


@pytest.fixture
def rotations(request: pytest.FixtureRequest, authority: Authority, tmp_path: Path) -> Iterator[DoomedRotations]:
    """Return the rotations of a lane."""
    engine, strategy, *retain_for = request.param
    server = request.getfixturevalue(engine)
    kept = {"retain_for": retain_for[0]} if retain_for else {}
    with doomed_rotations(engine, strategy, server, authority, tmp_path, **kept) as made:
        yield made


def rotate(rotations: DoomedRotations) -> int:
    """Perform a whole rotation, and return the number of its external calls."""
    rotations.world.start_uneven_rotation()
    exit_code, calls = rotations.run()
    assert exit_code == 0, rotations.output
    assert_well(rotations.world, rotations.world.tokens[-1])
    return len(calls)


def sweep(rotations: DoomedRotations, points: Iterable[tuple[int, bool]]) -> None:
    """Kill the function at each point, then repeat the rotation and see it end well, and no promise broken on the way.

    :param points: index of an external call, and whether to die after it instead of before.
    """
    for index, after in points:
        rotations.world.start_uneven_rotation()
        exit_code, calls = rotations.run(at=index, after=after)
        where = f"Killed {'after' if after else 'before'} call {index}, {calls[-1]},"
        assert exit_code == -signal.SIGKILL, f"{where} the function lives."
        assert rotations.world.promises() == ALL, f"{where} a promise is broken."
        assert rotations.run(steps=STEPS[:-1])[0] == 0, f"{where} the repetition failed: {rotations.output[-3000:]}"
        assert rotations.world.promises() == ALL, f"{where} a promise is broken by the repetition."
        assert rotations.run(steps=STEPS[-1:])[0] == 0, f"{where} the repetition of finishSecret failed."
        assert_well(rotations.world, rotations.world.tokens[-1])


def points_of(calls: int) -> list[tuple[int, bool]]:
    """Return where to die: before each call, and after the last one."""
    return [*((index, False) for index in range(calls)), (calls - 1, True)]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("rotations", [*LANES, ("mysql", "admin_reset", 0)], ids=str, indirect=True)
def test_it_converges_wherever_it_is_killed(rotations: DoomedRotations, tell: Callable[[str], None]) -> None:
    """What is promised of the strategy holds after the death, and a repetition ends the rotation."""
    rotate(rotations)  # the first one makes what the others find
    calls = rotate(rotations)
    sweep(rotations, points_of(calls))
    world = rotations.world
    tell(f"crash sweep: {world.backstage.engine} {world.strategy}: killed around {calls} calls, converged each time")


@pytest.mark.parametrize(
    ("rotations", "variant"),
    [
        (("postgres", "single_user"), "no roll-forward"),
        (("mysql", "single_user"), "no roll-forward"),
        (("mariadb", "single_user"), "no roll-forward"),
        (("postgres", "admin_reset"), "no retry"),
        (("mysql", "admin_reset"), "RETAIN that is not idempotent"),
        (("mysql", "alternating_users"), "password before grants"),
        (("mariadb", "alternating_users"), "password before grants"),
    ],
    ids=str,
    indirect=["rotations"],
)
def test_the_sweep_catches_a_broken_function(rotations: DoomedRotations, variant: str) -> None:
    """One that is wrong in a single way does not get through."""
    rotate(rotations)
    rotations.variant = variant
    rotations.world.start_uneven_rotation()
    _, calls = rotations.run()
    with pytest.raises(AssertionError, match=r"(the repetition failed|a promise is broken)"):
        sweep(rotations, points_of(len(calls)))

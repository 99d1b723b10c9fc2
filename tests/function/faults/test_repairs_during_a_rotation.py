"""A person repairs a credential while setSecret is at work: what they put goes on logging in where that is promised."""

from __future__ import annotations

import pytest

from rotating_rds_function.domain.steps import Step
from tests.support.faults.backstage import FakeBackstage
from tests.support.faults.convergence import converge
from tests.support.faults.faulty_world import FaultyWorld
from tests.support.faults.people import People


@pytest.mark.parametrize("calls", range(10))
def test_a_value_that_was_put_before_the_lock_is_the_one_that_is_retained(calls: int) -> None:
    """admin_reset keeps AWSCURRENT as the secondary password: the one of under the lock, not of before."""
    world = FaultyWorld(FakeBackstage(retains_passwords=True, transactional=False), "admin_reset")
    people = People(world)
    world.rotate_until(Step.CREATE)
    run = world.begin(Step.SET, world.tokens[-1])
    for _ in range(calls):
        if not run.ended:
            world.advance(run)
    people.interfere("repair by hand", 0)
    world.complete(run)
    converge(world, people)

"""The state machine finds what is wrong with functions that are wrong on purpose."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from rotating_rds_function.domain.errors import RotationError
from tests.support.faults.backstage import FakeBackstage
from tests.support.faults.broken_variants import VARIANTS, Variant
from tests.support.faults.faulty_world import FaultyWorld
from tests.support.faults.machine import RotationMachine
from tests.support.faults.people import People
from tests.support.faults.witnesses import WITNESSES

# Hypothesis mixes constants of loaded modules into what it draws: what one search finds depends on what else is tested.
_SEARCHES = 6
_SETTINGS = settings(
    max_examples=2000,
    stateful_step_count=15,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


def broken_world(variant: Variant) -> FaultyWorld:
    """Put the broken function together."""
    backstage = FakeBackstage(
        retains_passwords=variant.retains_passwords, transactional=False, session_class=variant.session_class
    )
    return FaultyWorld(
        backstage,
        variant.strategy,
        retain_for=variant.retain_for,
        strategies=variant.strategies,
        store=variant.store_class(),
    )


def sound_world(variant: Variant) -> FaultyWorld:
    """Put the sound function in its place."""
    backstage = FakeBackstage(retains_passwords=variant.retains_passwords, transactional=False)
    return FaultyWorld(backstage, variant.strategy, retain_for=variant.retain_for)


def machine_in(world: FaultyWorld) -> RotationMachine:
    """Return a machine whose rules a test applies itself."""
    machine = RotationMachine()
    machine.world, machine.people = world, People(world)
    return machine


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", [name for name in VARIANTS if name not in WITNESSES])
def test_the_machine_falsifies_a_broken_function(name: str) -> None:
    """Within a few times as many examples as the sound one has to stand."""

    class Broken(RotationMachine):
        def make_world(self, data: st.DataObject, strategy: str) -> FaultyWorld:  # noqa: ARG002 - the machine's
            """Leave nothing else to chance."""
            return broken_world(VARIANTS[name])

    def search() -> None:
        for number in range(_SEARCHES):
            run_state_machine_as_test(seed(number)(Broken), settings=_SETTINGS)

    with pytest.raises((AssertionError, RotationError)):
        search()


@pytest.mark.parametrize("name", list(WITNESSES))
def test_a_witness_convicts_a_broken_function(name: str) -> None:
    """Where a search would take too long."""
    machine = machine_in(broken_world(VARIANTS[name]))
    with pytest.raises(AssertionError, match="broke the promise"):
        WITNESSES[name](machine)


@pytest.mark.parametrize("name", list(WITNESSES))
def test_the_same_witness_acquits_the_sound_function(name: str) -> None:
    """And everything converges."""
    machine = machine_in(sound_world(VARIANTS[name]))
    WITNESSES[name](machine)
    machine.teardown()

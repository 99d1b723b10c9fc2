"""The state machine finds what is wrong with functions that are wrong on purpose."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from rotating_rds_function.domain.errors import RotationError
from tests.support.faults.backstage import FakeBackstage
from tests.support.faults.broken_variants import VARIANTS
from tests.support.faults.faulty_world import FaultyWorld
from tests.support.faults.machine import RotationMachine

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


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", list(VARIANTS))
def test_the_machine_falsifies_a_broken_function(name: str) -> None:
    """Within a few times as many examples as the sound one has to stand."""
    variant = VARIANTS[name]

    class Broken(RotationMachine):
        def make_world(self, data: st.DataObject, strategy: str) -> FaultyWorld:  # noqa: ARG002 - the machine's
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

    def search() -> None:
        for number in range(_SEARCHES):
            run_state_machine_as_test(seed(number)(Broken), settings=_SETTINGS)

    with pytest.raises((AssertionError, RotationError)):
        search()

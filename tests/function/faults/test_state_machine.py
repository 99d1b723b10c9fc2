"""Anything in any order, on the fakes: promise 1, and that a full repetition converges."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.support.faults.machine import RotationMachine

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLES = int(os.environ.get("ROTATING_RDS_EXAMPLES", "2000"))

_SETTINGS = settings(
    max_examples=EXAMPLES,
    stateful_step_count=15,
    derandomize="ROTATING_RDS_EXAMPLES" not in os.environ,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.timeout(600)
def test_no_order_of_events_breaks_a_promise(tell: Callable[[str], None]) -> None:
    """Steps, deaths, lost answers, restarts and people, as many examples as ROTATING_RDS_EXAMPLES says."""
    examples, calls = 0, 0

    class Counted(RotationMachine):
        def teardown(self) -> None:
            """Count, too."""
            nonlocal examples, calls
            super().teardown()
            examples, calls = examples + 1, calls + self.world.calls

    run_state_machine_as_test(Counted, settings=_SETTINGS)
    assert examples >= EXAMPLES
    tell(f"state machine: {examples} examples, {calls} external calls, none broke a promise")

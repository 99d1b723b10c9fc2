"""The same machine on real servers: few examples, for the fakes have been through thousands."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from rotating_rds_function.domain.errors import RotationError
from rotating_rds_function.domain.targets import DAY
from tests.support.faults.broken_variants import NoRollForward, PasswordBeforeGrants
from tests.support.faults.faulty_world import FaultyWorld
from tests.support.faults.machine import RotationMachine
from tests.support.faults.people import ACTIONS
from tests.support.faults.real_backstage import real_backstage

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.databases import Authority
    from rotating_rds_function.domain.strategies import Strategy

EXAMPLES = int(os.environ.get("ROTATING_RDS_SERVER_EXAMPLES", "12"))
# A step waits in earnest for a lock that another one holds.
SECONDS = 1.5
# Others on the same server would notice these.
_NOT_HERE = {"restore a snapshot", "rotate the administrator"}

_SETTINGS = settings(
    max_examples=EXAMPLES,
    stateful_step_count=8,
    derandomize="ROTATING_RDS_SERVER_EXAMPLES" not in os.environ,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def machine_on(name: str, server: Any, authority: Authority) -> type[RotationMachine]:
    """Return a machine whose worlds are on a server."""

    class OnServer(RotationMachine):
        actions = tuple(action for action in ACTIONS if action not in _NOT_HERE)
        seen = 0
        calls = 0
        broken: Strategy | None = None

        def make_world(self, data: st.DataObject, strategy: str) -> FaultyWorld:
            """Make a user on the server."""
            retain_for = data.draw(st.sampled_from([DAY, 0]), label="retain for") if strategy == "admin_reset" else DAY
            provisioned = strategy == "alternating_users" and data.draw(st.booleans(), label="provisioned")
            backstage = real_backstage(name, server, authority)
            strategies = dict(backstage.deployment.strategies)
            if self.broken is not None:
                strategies[strategy] = self.broken
            return FaultyWorld(
                backstage,
                strategy,
                retain_for=retain_for,
                provisioned=provisioned and self.broken is None,
                strategies=strategies,
                seconds=SECONDS,
            )

        def teardown(self) -> None:
            """Have everything converge, and remove the user."""
            try:
                super().teardown()
            finally:
                if hasattr(self, "world"):
                    type(self).seen += 1
                    type(self).calls += self.world.calls
                    self.world.end_runs()
                    self.world.backstage.close()

    return OnServer


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["postgres", "mysql", "mariadb"])
def test_no_order_of_events_breaks_a_promise_on_a_real_server(
    name: str, request: pytest.FixtureRequest, authority: Authority, tell: Callable[[str], None]
) -> None:
    """Steps, deaths, lost answers, lost sessions and people, as many examples as ROTATING_RDS_SERVER_EXAMPLES says."""
    machine: Any = machine_on(name, request.getfixturevalue(name), authority)
    run_state_machine_as_test(machine, settings=_SETTINGS)
    assert machine.seen >= EXAMPLES
    tell(f"state machine on {name}: {machine.seen} examples, {machine.calls} external calls, none broke a promise")


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("name", "strategy", "broken"),
    [
        ("postgres", "single_user", NoRollForward()),
        ("mysql", "alternating_users", PasswordBeforeGrants()),
        ("mariadb", "alternating_users", PasswordBeforeGrants()),
    ],
)
def test_the_machine_falsifies_a_broken_function_on_a_real_server(
    name: str, strategy: str, broken: Strategy, request: pytest.FixtureRequest, authority: Authority
) -> None:
    """It looks at the server itself."""
    machine: Any = machine_on(name, request.getfixturevalue(name), authority)
    machine.strategies, machine.broken = (strategy,), broken
    with pytest.raises((AssertionError, RotationError)):
        run_state_machine_as_test(machine, settings=settings(_SETTINGS, max_examples=60, report_multiple_bugs=False))

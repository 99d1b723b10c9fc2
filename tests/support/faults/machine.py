"""Anything that can happen to a rotation, in any order: a state machine for hypothesis."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from rotating_rds_function.domain.steps import Step
from rotating_rds_function.domain.targets import DAY
from tests.support.faults.backstage import Backstage, FakeBackstage
from tests.support.faults.conducted import ConductedRun, Fate
from tests.support.faults.convergence import converge
from tests.support.faults.faulty_world import FaultyWorld
from tests.support.faults.people import ACTIONS, People

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_MOST_RUNS = 3
_PICK = st.integers(0, _MOST_RUNS - 1)
_BEFORE = {step: earlier for earlier, step in pairwise((None, *Step))}
_AT_WORK = precondition(lambda machine: machine.world.runs)

STRATEGIES = ("single_user", "admin_reset", "alternating_users")


class RotationMachine(RuleBasedStateMachine):
    """Steps repeated, reordered, duplicated and interleaved, killed anywhere, beside servers and people.

    Promises are checked after every call; at the end everything must converge.

    :cvar strategies: those to rotate by.
    :cvar actions: what people do.
    """

    strategies: ClassVar[Sequence[str]] = STRATEGIES
    actions: ClassVar[Sequence[str]] = tuple(ACTIONS)
    world: FaultyWorld
    people: People

    @initialize(data=st.data())
    def arrange(self, data: st.DataObject) -> None:
        """Deploy a secret, and start its first rotation."""
        strategy = data.draw(st.sampled_from(self.strategies), label="strategy")
        self.world = self.make_world(data, strategy)
        self.people = People(self.world)

    def make_world(self, data: st.DataObject, strategy: str) -> FaultyWorld:
        """Draw an engine and what else the deployment says."""
        retains, transactional = data.draw(
            st.sampled_from([(False, True), (False, False), (True, False)]), label="secondary passwords, transactional"
        )
        retain_for = data.draw(st.sampled_from([DAY, 0]), label="retain for") if strategy == "admin_reset" else DAY
        provisioned = strategy == "alternating_users" and data.draw(st.booleans(), label="provisioned")
        return self.compose(
            FakeBackstage(retains_passwords=retains, transactional=transactional),
            strategy,
            retain_for=retain_for,
            provisioned=provisioned,
        )

    def compose(self, backstage: Backstage, strategy: str, *, retain_for: int, provisioned: bool) -> FaultyWorld:
        """Put the function under test together; variants override this."""
        return FaultyWorld(backstage, strategy, retain_for=retain_for, provisioned=provisioned)

    @rule(last=st.sampled_from(Step))
    def rotate(self, last: Step) -> None:
        """Perform the steps of the rotation that is due, as far as it gets."""
        self.world.start_rotation()
        self.world.rotate_until(last)

    @rule(step=st.sampled_from(Step), age=_PICK)
    def perform(self, step: Step, age: int) -> None:
        """Run one step from its beginning to its end, also one of an older rotation."""
        if self.world.may_be_sent(step, self._token(age)):
            self.world.complete(self.world.begin(step, self._token(age)))

    @precondition(lambda self: len(self.world.runs) < _MOST_RUNS)
    @rule(step=st.sampled_from(Step), calls=st.integers(0, 9))
    def hold(self, step: Step, calls: int) -> None:
        """Begin a step when it is due, and leave it in the middle."""
        self.world.rotate_until(_BEFORE[step])
        if self.world.may_be_sent(step, self.world.tokens[-1]):
            self._advance(self.world.begin(step, self.world.tokens[-1]), calls)

    @_AT_WORK
    @rule(which=_PICK, calls=st.integers(1, 6))
    def advance(self, which: int, calls: int) -> None:
        """Let a run make some calls."""
        self._advance(self._run(which), calls)

    @_AT_WORK
    @rule(which=_PICK)
    def complete(self, which: int) -> None:
        """Let a run make all of its calls."""
        self.world.complete(self._run(which))

    @_AT_WORK
    @rule(which=_PICK, fate=st.sampled_from([Fate.KILLED_BEFORE, Fate.KILLED_AFTER, Fate.ANSWER_LOST]))
    def disturb(self, which: int, fate: Fate) -> None:
        """Kill a run at its next call, or lose the answer."""
        self.world.advance(self._run(which), fate)

    @rule(data=st.data(), which=st.integers(0, 1))
    def interfere(self, data: st.DataObject, which: int) -> None:
        """Have a person do something."""
        self.people.interfere(data.draw(st.sampled_from(self.actions), label="what"), which)

    @rule(last=st.sampled_from(Step))
    def cancel(self, last: Step) -> None:
        """Have a person cancel the rotation, and perform another one, while runs of the old one may be at work."""
        self.people.interfere("take AWSPENDING off", 0)
        self.rotate(last)

    @rule(what=st.sampled_from(["the dead are noticed", "the server restarts", "everything converges"]))
    def turn(self, what: str) -> None:
        """Let happen what nobody does."""
        happens: Mapping[str, Callable[[], None]] = {
            "the dead are noticed": self.world.bury,
            "the server restarts": self.world.backstage.lose_sessions,
            "everything converges": lambda: converge(self.world, self.people),
        }
        happens[what]()

    def teardown(self) -> None:
        """Have everything converge at last."""
        if hasattr(self, "people"):
            converge(self.world, self.people)

    def _run(self, which: int) -> ConductedRun:
        return self.world.runs[which % len(self.world.runs)]

    def _token(self, age: int) -> str:
        tokens = self.world.tokens
        return tokens[-1 - age % len(tokens)]

    def _advance(self, run: ConductedRun, calls: int) -> None:
        for _ in range(calls):
            if not run.ended:
                self.world.advance(run)

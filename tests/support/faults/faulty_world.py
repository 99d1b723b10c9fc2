"""A secret, its database and any number of runs of its rotation at once, of which every call is watched."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from rotating_rds_function.adapters.clock import SystemClock
from rotating_rds_function.domain.patience import Deadline
from rotating_rds_function.domain.progress import Progress
from rotating_rds_function.domain.rotation import Rotation
from rotating_rds_function.domain.steps import Step, StepRequest
from rotating_rds_function.domain.targets import DAY, Deployment
from rotating_rds_function.domain.versions import AWSCURRENT, AWSPENDING, AWSPREVIOUS
from tests.support.crashes import Fragile
from tests.support.fake_clock import FakeClock
from tests.support.fake_secret_store import FakeSecretStore
from tests.support.faults.backstage import FIRST_PASSWORD
from tests.support.faults.conducted import Conducted, ConductedRun, Fate
from tests.support.rotations import ADMINISTRATOR_ARN, TAGS_OF, password_of, username_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotating_rds_function.domain.ports import Database
    from rotating_rds_function.domain.strategies import Strategy
    from rotating_rds_function.domain.targets import Target
    from tests.support.crashes import Crash
    from tests.support.faults.backstage import Backstage

SECRET = "arn:secret"

LABELLED = "some labelled value logs in"
STAGED = "AWSCURRENT or AWSPENDING logs in"
CURRENT = "AWSCURRENT logs in"
WHOLE = "nobody logs in with a part of the privileges"
ALL = frozenset({LABELLED, STAGED, CURRENT, WHOLE})

# After the others, the promises are what they were.
_EFFECTS = frozenset({"write_pending", "move_label", "replace_password", "discard_retained", "prepare_twin", "close"})


class FaultyWorld:
    """What happens to one secret.

    A person may break a promise at any time; the function never does. So each of its calls must leave true what was
    true before. Excused is a call that was checked in time and overtaken by a person since: a step of createSecret or
    finishSecret, which Secrets Manager offers no way to make conditional, and setSecret under its lock.

    :param strategies: those of the function; the sound ones by default.
    :param store: of the secret; tests may bring a broken one.
    :param seconds: that a step has, on a clock that passes only while the function sleeps.
    """

    def __init__(
        self,
        backstage: Backstage,
        strategy: str,
        *,
        retain_for: int = DAY,
        provisioned: bool = False,
        strategies: Mapping[str, Strategy] | None = None,
        store: FakeSecretStore | None = None,
        seconds: float = 30.0,
    ) -> None:
        self.backstage = backstage
        self.strategy = strategy
        self.retain_for = retain_for
        self.provisioned = provisioned
        self.store = store or FakeSecretStore()
        self.runs: list[ConductedRun] = []
        self.tokens: list[str] = []
        self.tested: set[str] = set()
        self._passed: set[str] = set()
        self.calls = 0
        self._dead: list[ConductedRun] = []
        self._excused: set[ConductedRun] = set()
        self._seconds = seconds
        deployed = backstage.deployment
        self._deployment = Deployment(deployed.endpoints, deployed.engines, strategies or deployed.strategies)
        self._stage()
        if provisioned:
            backstage.make_equal()
        self.held = self.promises()

    def _stage(self) -> None:
        tags = {
            **TAGS_OF[self.strategy],
            "rotating-rds:engine": self.backstage.engine,
            "rotating-rds:username": self.backstage.username,
            "rotating-rds:retain-for": str(self.retain_for),
            "rotating-rds:pair": "provisioned" if self.provisioned else "cloned",
        }
        if self.is_pair:
            tags["rotating-rds:alternate-username"] = self.backstage.alternate
        if self.strategy != "single_user":
            tags["rotating-rds:administrator-username"] = self.backstage.administrator
        self.store.tags = tags
        self.store.others[ADMINISTRATOR_ARN] = self.value(
            self.backstage.administrator, self.backstage.administrator_password
        )
        self.store.stage(_version(0), AWSCURRENT, value=self.value(self.backstage.username, FIRST_PASSWORD))
        self.start_rotation()

    @staticmethod
    def value(username: str, password: str) -> str:
        """Return a SecretString as RDS manages one."""
        return json.dumps({"username": username, "password": password})

    @property
    def is_pair(self) -> bool:
        """Whether two logins take turns."""
        return self.strategy == "alternating_users"

    @property
    def keeps_current(self) -> bool:
        """Whether AWSCURRENT logs in until finishSecret, rather than some labelled value."""
        return self.is_pair or (self.strategy == "admin_reset" and self.backstage.retains_passwords)

    def holder(self, label: str) -> str | None:
        """Return the version with a label."""
        return next((version for version, labels in self.store.labels.items() if label in labels), None)

    def logs_in(self, label: str) -> bool:
        """Tell whether the value with a label does."""
        text = self.store.value_of(label)
        return text is not None and self.backstage.accepts(username_of(text), password_of(text))

    def promises(self) -> frozenset[str]:
        """Return the promises that hold at this moment."""
        current, pending, previous = map(self.logs_in, (AWSCURRENT, AWSPENDING, AWSPREVIOUS))
        holding = {
            LABELLED: current or pending or previous,
            STAGED: current or pending,
            CURRENT: current or not self.keeps_current,
            WHOLE: not (self.is_pair and pending and self._takes_over()) or self.backstage.equal(),
        }
        return frozenset(promise for promise, holds in holding.items() if holds)

    def _takes_over(self) -> bool:
        current, pending = (self.store.value_of(label) for label in (AWSCURRENT, AWSPENDING))
        return username_of(current) != username_of(pending)

    def start_rotation(self) -> None:
        """Begin a rotation as the service does, which refuses while another one is incomplete."""
        pending = self.holder(AWSPENDING)
        if pending in (None, self.holder(AWSCURRENT)):
            self.tokens.append(_version(len(self.tokens) + 1))
            self.store.stage(self.tokens[-1], AWSPENDING)

    def start_uneven_rotation(self) -> None:
        """Begin a rotation that has something to make equal, where two logins take turns."""
        self.start_rotation()
        if self.is_pair:
            self.backstage.drift(self.backstage.username)

    def may_be_sent(self, step: Step, token: str) -> bool:
        """Tell whether the service may send a step: finishSecret only ever after a testSecret that succeeded."""
        return step is not Step.FINISH or token in self._passed

    def begin(self, step: Step, token: str) -> ConductedRun:
        """Begin a run of a step; it stands before its first call."""
        run = ConductedRun(step, token, lambda this: self._rotate(this, step, token))
        self.runs.append(run)
        return run

    def _rotate(self, run: ConductedRun, step: Step, token: str) -> None:
        clock = FakeClock()
        deadline = Deadline(clock, self._seconds)

        def connect(target: Target) -> Conducted:
            return Conducted(self.backstage.connect(target, deadline), run)

        rotation = Rotation(Conducted(self.store, run), self._deployment, connect, clock, deadline)
        rotation.run(StepRequest(step, SECRET, token), Progress())

    def advance(self, run: ConductedRun, fate: Fate = Fate.MADE) -> None:
        """Let a run make its next call, and see that it breaks no promise."""
        name, self.calls = run.next_call, self.calls + 1
        run.proceed(fate)
        if name in _EFFECTS or not self.backstage.is_remote:
            before, self.held = self.held, self.promises()
            if not self._is_excused(run):
                broken = sorted(before - self.held)
                assert not broken, f"{name} of {run.step} for {run.token} broke the promise that {broken[0]}."
        if name == "describe":
            self._excused.discard(run)
        if run.ended:
            self._settle(run)

    def complete(self, run: ConductedRun) -> ConductedRun:
        """Let a run make all of its calls."""
        while not run.ended:
            self.advance(run)
        return run

    def rotate_until(self, last: Step | None) -> None:
        """Run the steps of the newest rotation up to *last*, or to one that fails; none for None."""
        for step in Step:
            if last is None or not self.complete(self.begin(step, self.tokens[-1])).succeeded or step is last:
                return

    def rotate(self, token: str) -> None:
        """Run the four steps, up to one that fails.

        :raises RotationError: with which it failed.
        """
        for step in Step:
            run = self.complete(self.begin(step, token))
            if run.failure is not None:
                raise run.failure

    def run_step(self, step: Step, *, seconds: float, crash: Crash | None = None) -> None:
        """Run a step of the newest rotation as Lambda does, on a clock that everybody's watch agrees with.

        :param crash: counts the calls of the database's port, and does something at one of them.
        :raises RotationError: with which it failed.
        """
        clock = SystemClock()
        deadline = Deadline(clock, seconds)

        def connect(target: Target) -> Database:
            database = self.backstage.connect(target, deadline)
            return cast("Database", Fragile(database, crash)) if crash else database

        rotation = Rotation(self.store, self._deployment, connect, clock, deadline)
        rotation.run(StepRequest(step, SECRET, self.tokens[-1]), Progress())

    def interfered(self) -> None:
        """Take note that a person has been at work: what is true now counts, and excuses whom it overtook."""
        self.tested.clear()
        self._excused |= {run for run in self.runs if run.holds_lock or run.step in (Step.CREATE, Step.FINISH)}
        self.held = self.promises()

    def bury(self) -> None:
        """Have the server notice that clients were killed."""
        for run in self._dead:
            for session in run.sessions:
                session.close()
        self._dead.clear()

    def end_runs(self) -> None:
        """Kill whoever is at work, and have the server notice."""
        for run in list(self.runs):
            self.advance(run, Fate.KILLED_BEFORE)
        self.bury()

    def _is_excused(self, run: ConductedRun) -> bool:
        # The word of testSecret counts until a person changes something.
        return run in self._excused or (run.step is Step.FINISH and run.token not in self.tested)

    def _settle(self, run: ConductedRun) -> None:
        self.runs.remove(run)
        self._excused.discard(run)
        if run.killed:
            self._dead.append(run)
        else:
            for session in run.sessions:  # the answer to their login got lost: the client has hung up
                session.close()
        if run.step is Step.TEST and run.succeeded:
            self.tested.add(run.token)
            self._passed.add(run.token)


def _version(number: int) -> str:
    """Return a version's id, which has at least 32 characters."""
    return f"version-{number:028}"

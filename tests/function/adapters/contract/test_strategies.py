"""Whole rotations on every engine by every strategy, for users whose names need quoting."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from rotating_rds_function.adapters.clock import SystemClock
from rotating_rds_function.adapters.engines import ENGINES
from rotating_rds_function.domain.errors import PrivilegeError
from rotating_rds_function.domain.patience import Deadline
from rotating_rds_function.domain.progress import Progress
from rotating_rds_function.domain.rotation import Rotation
from rotating_rds_function.domain.steps import Step, StepRequest
from rotating_rds_function.domain.strategies import STRATEGIES
from rotating_rds_function.domain.tags import (
    ACCESS_ROLE_TAG,
    ADMINISTRATOR_USERNAME_TAG,
    ALTERNATE_USERNAME_TAG,
    ENGINE_TAG,
    TEST_QUERY_TAG,
    USERNAME_TAG,
)
from rotating_rds_function.domain.targets import Deployment, Pair
from rotating_rds_function.domain.versions import AWSCURRENT, AWSPENDING, AWSPREVIOUS
from tests.support.engines import MASTER, PASSWORD, QUERY
from tests.support.fake_secret_store import FakeSecretStore
from tests.support.leaks import find_leaks
from tests.support.postgres import MASTER_PASSWORD
from tests.support.rotations import ADMINISTRATOR_ARN, ENDPOINT, TAGS_OF, password_of, username_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.engines import EngineUnderTest


def _encoded(text: str) -> str:
    return "".join(f"={byte:02X}" for byte in text.encode())


class _Rotating:
    """A user on a real server, and its secret in memory."""

    def __init__(self, engine: EngineUnderTest, strategy: str) -> None:
        self.engine = engine
        self.pair = engine.pair()
        names = {
            USERNAME_TAG: self.pair.model,
            ALTERNATE_USERNAME_TAG: self.pair.twin,
            ACCESS_ROLE_TAG: self.pair.access_role or "unused",
            ADMINISTRATOR_USERNAME_TAG: MASTER,
        }
        own = {ENGINE_TAG: engine.name.partition("_")[0], **{tag: _encoded(name) for tag, name in names.items()}}
        self.store = FakeSecretStore(tags={**TAGS_OF[strategy], **own})
        self.store.others[ADMINISTRATOR_ARN] = json.dumps({"username": MASTER, "password": MASTER_PASSWORD})
        first = {"username": self.pair.model, "password": PASSWORD}
        self.store.stage("version-0", AWSCURRENT, value=json.dumps(first))
        self.token = "version-0"

    def ask_for(self, query: str) -> None:
        tags: Mapping[str, str] = {**self.store.tags, TEST_QUERY_TAG: _encoded(query)}
        self.store.tags = tags

    def start(self) -> None:
        self.token = f"version-{len(self.store.labels)}"
        self.store.stage(self.token, AWSPENDING)

    def run(self, *steps: Step) -> None:
        clock = SystemClock()
        for step in steps or Step:
            rotation = Rotation(
                store=self.store,
                deployment=Deployment({"orders": ENDPOINT}, ENGINES, STRATEGIES),
                connect=lambda _: self.engine.database(),
                clock=clock,
                deadline=Deadline(clock, 20),
            )
            rotation.run(StepRequest(step, "arn", self.token), Progress())

    def logs_in(self, label: str) -> bool:
        text = self.store.value_of(label)
        return text is not None and self.engine.accepts(username_of(text), password_of(text))


@pytest.fixture(params=sorted(STRATEGIES))
def rotating(engine: EngineUnderTest, request: pytest.FixtureRequest) -> _Rotating:
    """Return a user who is rotated by each strategy in turn."""
    return _Rotating(engine, request.param)


@pytest.fixture
def alternating(engine: EngineUnderTest) -> _Rotating:
    """Return a pair of logins."""
    return _Rotating(engine, "alternating_users")


def _is_without_downtime(rotating: _Rotating) -> bool:
    strategy = rotating.store.tags["rotating-rds:strategy"]
    retains = rotating.engine.database().retains_passwords
    return strategy == "alternating_users" or (strategy == "admin_reset" and retains)


def test_a_labelled_value_logs_in_after_every_step_of_three_rotations(rotating: _Rotating) -> None:
    """AWSCURRENT itself, by a strategy that promises it; after a rotation by any."""
    for _ in range(3):
        rotating.start()
        for step in Step:
            rotating.run(step)
            assert rotating.logs_in(AWSCURRENT) or (rotating.logs_in(AWSPENDING) and not _is_without_downtime(rotating))
        assert rotating.logs_in(AWSCURRENT)
        assert rotating.store.labels[rotating.token] == {AWSCURRENT}


def test_every_step_may_be_repeated(rotating: _Rotating) -> None:
    """Right away, and from the beginning again."""
    for _ in range(2):
        rotating.start()
        rotating.run(Step.CREATE, Step.CREATE, Step.SET, Step.SET, Step.CREATE, Step.SET, Step.TEST, Step.TEST)
        if _is_without_downtime(rotating):
            assert rotating.logs_in(AWSCURRENT)
        rotating.run(Step.FINISH, Step.FINISH, *Step)
        assert rotating.logs_in(AWSCURRENT)


def test_no_log_of_the_server_holds_a_password_of_a_rotation(rotating: _Rotating) -> None:
    """Old, new or the administrator's."""
    begins = [log.stat().st_size for log in rotating.engine.statement_logs]
    rotating.start()
    rotating.run()
    logs = [
        log.read_bytes()[begin:].decode(errors="replace")
        for log, begin in zip(rotating.engine.statement_logs, begins, strict=True)
    ]
    assert logs[0]
    assert find_leaks([*rotating.store.values.values(), MASTER_PASSWORD], logs) == []


def test_the_old_password_ends_with_the_next_rotation_at_the_latest(rotating: _Rotating) -> None:
    """However it was kept."""
    for _ in range(3):
        rotating.start()
        rotating.run()
    assert not rotating.engine.accepts(rotating.pair.model, PASSWORD)


def test_what_one_login_is_allowed_the_other_may_at_its_turn(alternating: _Rotating) -> None:
    """TestSecret runs the query as the twin; the second rotation brings it back to the first login."""
    alternating.engine.allow(alternating.pair)
    alternating.ask_for(QUERY)
    for _ in range(2):
        alternating.start()
        alternating.run()
    assert username_of(alternating.store.value_of(AWSCURRENT)) == alternating.pair.model
    assert alternating.logs_in(AWSPREVIOUS)


def test_a_query_that_the_user_may_not_run_keeps_the_new_value_from_becoming_current(rotating: _Rotating) -> None:
    """Applications would find out next."""
    rotating.ask_for(QUERY)
    rotating.start()
    rotating.run(Step.CREATE, Step.SET)
    with pytest.raises(PrivilegeError):
        rotating.run(Step.TEST)


def test_the_twin_does_not_log_in_before_its_password_is_set(engine: EngineUnderTest) -> None:
    """It is made locked."""
    pair = engine.pair()
    with closing(engine.master()) as session:
        assert len(session.differences(pair)) == 1
        session.check_administrator(pair.twin, pair)
        session.lock(pair.model)
        session.prepare_twin(pair)
        _nobody_is_let_in(engine, pair)
        session.replace_password(pair.twin, "the second password")
    assert engine.accepts(pair.twin, "the second password")
    assert engine.accepts(pair.model, PASSWORD)


def _nobody_is_let_in(engine: EngineUnderTest, pair: Pair) -> None:
    for password in ("the second password", PASSWORD, ""):
        assert not engine.accepts(pair.twin, password)


def test_a_twin_that_somebody_dropped_is_made_again(alternating: _Rotating) -> None:
    """Behind our back, between two turns."""
    alternating.start()
    alternating.run()
    alternating.engine.drop(alternating.pair.model)
    alternating.start()
    alternating.run()
    assert alternating.logs_in(AWSCURRENT)
    assert username_of(alternating.store.value_of(AWSCURRENT)) == alternating.pair.model

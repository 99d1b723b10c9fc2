"""Fifty rotations in a row under load, each held for a second in its worst moment: no login fails.

The client is the simplest there is: it reads AWSCURRENT whenever it connects, and never tries twice.
"""

from __future__ import annotations

import json
import operator
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from rotating_rds_function.adapters.clock import SystemClock
from rotating_rds_function.adapters.engines import ENGINES
from rotating_rds_function.domain.endpoints import Endpoint
from rotating_rds_function.domain.errors import AuthenticationError
from rotating_rds_function.domain.patience import Deadline
from rotating_rds_function.domain.progress import Progress
from rotating_rds_function.domain.rotation import Rotation
from rotating_rds_function.domain.steps import Step, StepRequest
from rotating_rds_function.domain.strategies import STRATEGIES
from rotating_rds_function.domain.targets import Deployment
from rotating_rds_function.domain.versions import AWSCURRENT, AWSPENDING
from tests.support import postgres_users
from tests.support.engines import ENGINES_UNDER_TEST, MASTER, PASSWORD
from tests.support.fake_secret_store import FakeSecretStore
from tests.support.postgres import MASTER_PASSWORD
from tests.support.postgres_users import Shop
from tests.support.rotations import ADMINISTRATOR_ARN, TAGS_OF, password_of, username_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from localcloud.databases import Authority
    from rotating_rds_function.domain.ports import Database

ROTATIONS = 50
HELD_SECONDS = 1.0
CLIENTS = 3
PAUSE_SECONDS = 0.1

LANES = [
    ("postgres", "alternating_users"),
    ("mysql", "alternating_users"),
    ("mariadb", "alternating_users"),
    ("mysql", "admin_reset"),
]


class AtomicStore(FakeSecretStore):
    """A store whose labels move at once for readers in other threads, as Secrets Manager's do."""

    def __init__(self, **state: Any) -> None:
        super().__init__(**state)
        self._lock = threading.RLock()

    def value_of(self, label: str) -> str | None:
        """See FakeSecretStore."""
        with self._lock:
            return super().value_of(label)

    def stage(self, version: str, *labels: str, value: str | None = None) -> None:
        """See FakeSecretStore."""
        with self._lock:
            super().stage(version, *labels, value=value)

    def move_label(self, secret_id: str, **move: Any) -> None:
        """See FakeSecretStore."""
        with self._lock:
            super().move_label(secret_id, **move)


@dataclass
class Lane:
    """One user of one database, rotated again and again while clients connect.

    :param name: engine and strategy.
    :param connect: returns the adapter for the database.
    :param engine: RDS's name of the engine.
    :param rotations: how many in a row.
    """

    name: str
    engine: str
    strategy: str
    connect: Callable[[], Database]
    tags: dict[str, str]
    rotations: int = ROTATIONS
    held: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    logins: list[int] = field(default_factory=lambda: [0] * CLIENTS)
    logins_held: int = 0
    failed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        tags = {**TAGS_OF[self.strategy], "rotating-rds:engine": self.engine, **self.tags}
        self.store = AtomicStore(tags={**tags, "rotating-rds:administrator-username": MASTER})
        self.store.others[ADMINISTRATOR_ARN] = json.dumps({"username": MASTER, "password": MASTER_PASSWORD})

    def run(self) -> None:
        """Rotate under load."""
        with ThreadPoolExecutor(CLIENTS) as clients:
            loads = [clients.submit(self._load, client) for client in range(CLIENTS)]
            try:
                for number in range(self.rotations):
                    self._rotate(f"version-{number}")
                    self._wait_for_each_client(loads)
            finally:
                self.over.set()
        for load in loads:
            load.result()

    def _wait_for_each_client(self, loads: list[Future[None]]) -> None:
        """Return when no client is on its way with a value of before: it logs in until the next rotation, no longer."""
        before = list(self.logins)
        while any(map(operator.eq, self.logins, before)) and not any(load.done() for load in loads):
            self.over.wait(PAUSE_SECONDS / 10)

    def _load(self, client: int) -> None:
        while not self.over.is_set():
            text, held = self.store.value_of(AWSCURRENT), self.held.is_set()
            try:
                with closing(self.connect().login(username_of(text), password_of(text))) as session:
                    session.verify(None)
            except AuthenticationError as error:
                self.failed.append(str(error))
            self.logins[client] += 1
            self.logins_held += held and self.held.is_set()
            self.over.wait(PAUSE_SECONDS)

    def _rotate(self, token: str) -> None:
        self.store.stage(token, AWSPENDING)
        for step in Step:
            clock = SystemClock()
            Rotation(
                store=self.store,
                deployment=Deployment({"orders": Endpoint("localhost", 1, "localhost")}, ENGINES, STRATEGIES),
                connect=lambda _: self.connect(),
                clock=clock,
                deadline=Deadline(clock, 30),
            ).run(StepRequest(step, "arn", token), Progress())
            if step is Step.SET:
                self.held.set()
                self.over.wait(HELD_SECONDS)
                self.held.clear()


def _encoded(name: str) -> str:
    return "".join(char if char.isascii() and char.isalnum() else f"={ord(char):02X}" for char in name)


def _postgres_lane(strategy: str, server: Any, authority: Authority, tidy: ExitStack) -> Lane:
    shop = Shop(server, authority)
    shop.open()
    tidy.callback(shop.close)
    shop.provision(shop.user())
    names = {"username": "app", "alternate-username": "app_clone", "access-role": "app_access"}
    tags = {f"rotating-rds:{key}": _encoded(shop.name(kind)) for key, kind in names.items()}
    lane = Lane(f"postgres {strategy}", "postgres", strategy, shop.adapter, tags)
    text = json.dumps({"username": shop.name("app"), "password": postgres_users.PASSWORD})
    lane.store.stage("old", AWSCURRENT, value=text)
    return lane


def _mysql_family_lane(name: str, strategy: str, server: Any, authority: Authority, tidy: ExitStack) -> Lane:
    engine = ENGINES_UNDER_TEST[name](name, server, authority)
    tidy.callback(engine.clean_up)
    login = engine.user(f"{strategy[:5]}_app")
    engine.made.append(f"{login}_clone")
    engine.run(f"GRANT SELECT ON mysql.help_topic TO '{login}'@'%'")
    tags = {"rotating-rds:username": login}
    if strategy == "alternating_users":
        tags["rotating-rds:alternate-username"] = f"{login}_clone"
    lane = Lane(f"{name} {strategy}", name, strategy, engine.database, tags)
    lane.store.stage("old", AWSCURRENT, value=json.dumps({"username": login, "password": PASSWORD}))
    return lane


@pytest.mark.timeout(600)
def test_no_login_fails_in_fifty_rotations_under_load(
    request: pytest.FixtureRequest, authority: Authority, tell: Callable[[str], None]
) -> None:
    """Alternating logins on every engine, and secondary passwords on MySQL: AWSCURRENT logs in at every moment."""
    with ExitStack() as tidy:
        lanes = []
        for name, strategy in LANES:
            server = request.getfixturevalue(name)
            make = _postgres_lane if name == "postgres" else lambda *rest, name=name: _mysql_family_lane(name, *rest)
            lanes.append(make(strategy, server, authority, tidy))
        with ThreadPoolExecutor(len(lanes)) as pool:
            for running in [pool.submit(lane.run) for lane in lanes]:
                running.result()
    for lane in lanes:
        tell(
            f"{lane.name}: {ROTATIONS} rotations, {sum(lane.logins)} logins, {lane.logins_held} of them while a "
            f"rotation was held, {len(lane.failed)} failed"
        )
    assert {lane.name: lane.failed for lane in lanes} == {lane.name: [] for lane in lanes}
    assert all(lane.logins_held > ROTATIONS for lane in lanes)


def test_the_load_notices_a_gap(mariadb: Any, authority: Authority) -> None:
    """The same client fails where there is a gap: MariaDB has no secondary password for an administrator to retain."""
    with ExitStack() as tidy:
        lane = _mysql_family_lane("mariadb", "admin_reset", mariadb, authority, tidy)
        lane.rotations = 2
        lane.run()
    assert lane.failed

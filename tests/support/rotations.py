"""Rotations in memory: a secret, a database and the four steps, as tests arrange them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rotating_rds_function.adapters.engines import ENGINES
from rotating_rds_function.domain.endpoints import Endpoint
from rotating_rds_function.domain.patience import Deadline
from rotating_rds_function.domain.progress import Progress
from rotating_rds_function.domain.rotation import Outcome, Rotation
from rotating_rds_function.domain.steps import Step, StepRequest
from rotating_rds_function.domain.strategies import STRATEGIES
from rotating_rds_function.domain.targets import Deployment
from rotating_rds_function.domain.versions import AWSCURRENT, AWSPENDING
from tests.support.crashes import Crash, Fragile
from tests.support.fake_clock import FakeClock
from tests.support.fake_database import FakeDatabase
from tests.support.fake_secret_store import FakeSecretStore

if TYPE_CHECKING:
    from rotating_rds_function.domain.targets import Target

USERNAME = "dbadmin"
FIRST_PASSWORD = "the first password"
ENDPOINT = Endpoint(host="orders.example", port=5432, server_name="orders.example")
TAGS = {
    "rotating-rds:database": "orders",
    "rotating-rds:engine": "postgres",
    "rotating-rds:strategy": "single_user",
    "rotating-rds:username": USERNAME,
}
ALTERNATE = "dbadmin_clone"
ADMINISTRATOR = "master"
ADMINISTRATOR_ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:master-AbCdEf"
_ADMINISTERED = {
    "rotating-rds:administrator": ADMINISTRATOR_ARN,
    "rotating-rds:administrator-username": ADMINISTRATOR,
}
TAGS_OF = {
    "single_user": TAGS,
    "admin_reset": {**TAGS, "rotating-rds:strategy": "admin_reset", **_ADMINISTERED},
    "alternating_users": {
        **TAGS,
        "rotating-rds:strategy": "alternating_users",
        "rotating-rds:alternate-username": ALTERNATE,
        **_ADMINISTERED,
    },
}
"""Strategy to the tags of a secret that is rotated so."""

KINDS = (
    ("single_user", False),
    ("admin_reset", False),
    ("admin_reset", True),
    ("alternating_users", False),
    ("alternating_users", True),
)
"""Each strategy, on databases without and with secondary passwords where that makes a difference."""

POSTGRES = ENGINES["postgres"]
DEPLOYMENT = Deployment({"orders": ENDPOINT}, {"postgres": POSTGRES}, STRATEGIES)


def value(password: str, **others: object) -> str:
    """Return a SecretString as Secrets Manager's attachment writes it; *others* add or replace keys."""
    document = {"engine": "postgres", "host": ENDPOINT.host, "port": ENDPOINT.port, "username": USERNAME}
    return json.dumps({**document, "password": password, **others})


def password_of(text: str | None) -> str:
    """Return the password in a SecretString."""
    return _part_of(text, "password")


def username_of(text: str | None) -> str:
    """Return the user name in a SecretString."""
    return _part_of(text, "username")


def _part_of(text: str | None, key: str) -> str:
    assert text is not None
    part = json.loads(text)[key]
    assert isinstance(part, str)
    return part


@dataclass
class World:
    """A secret whose AWSCURRENT value logs in, and a rotation to version "new" that has just been started."""

    store: FakeSecretStore = field(default_factory=lambda: FakeSecretStore(tags=dict(TAGS)))
    database: FakeDatabase = field(default_factory=lambda: FakeDatabase({USERNAME: "current password"}))
    clock: FakeClock = field(default_factory=FakeClock)
    progress: Progress = field(default_factory=Progress)
    token: str = "new"
    crash: Crash = field(default_factory=Crash)

    @classmethod
    def just_started(cls, strategy: str = "single_user", *, retains_passwords: bool = False) -> World:
        """Return a world as Secrets Manager leaves it when it invokes createSecret.

        :param retains_passwords: whether the database has secondary passwords.
        """
        world = cls()
        world.store.tags = dict(TAGS_OF[strategy])
        world.store.others[ADMINISTRATOR_ARN] = json.dumps({"username": ADMINISTRATOR, "password": "master password"})
        world.database.passwords[ADMINISTRATOR] = "master password"
        world.database.administrators[ADMINISTRATOR] = set()
        world.database.privileges[USERNAME] = {"SELECT", "INSERT"}
        world.database.retains_passwords = retains_passwords
        world.store.stage("old", AWSCURRENT, value=value("current password"))
        world.store.stage("new", AWSPENDING)
        return world

    def run(self, step: Step, *, seconds: float = 30.0) -> Outcome:
        """Run one step with so many seconds left."""
        rotation = Rotation(
            store=Fragile(self.store, self.crash),
            deployment=DEPLOYMENT,
            connect=self._connect,
            clock=self.clock,
            deadline=Deadline(self.clock, seconds),
        )
        return rotation.run(StepRequest(step, "arn:secret", self.token), self.progress)

    def run_until(self, last: Step) -> None:
        """Run the steps up to and including *last*."""
        for step in Step:
            self.run(step)
            if step is last:
                return

    def logs_in(self, label: str) -> bool:
        """Tell whether the database knows the value with that label."""
        text = self.store.value_of(label)
        return text is not None and self.database.accepts(username_of(text), password_of(text))

    @property
    def keeps_its_promise(self) -> bool:
        """Whether AWSCURRENT logs in; where only one password can be live at a time, whether a labelled one does."""
        one_at_a_time = self.strategy == "single_user" or (
            self.strategy == "admin_reset" and not self.database.retains_passwords
        )
        return self.logs_in(AWSCURRENT) or (one_at_a_time and self.logs_in(AWSPENDING))

    @property
    def strategy(self) -> str:
        """The strategy that the secret's tags name."""
        return self.store.tags["rotating-rds:strategy"]

    def start_another(self, token: str) -> None:
        """Begin a rotation to another version, as Secrets Manager does once AWSPENDING is out of the way."""
        self.store.stage(token, AWSPENDING)
        self.token = token

    def twin(self) -> World:
        """Return another run of the same rotation."""
        return replace(self, progress=Progress(), crash=Crash())

    def _connect(self, target: Target) -> Fragile:
        assert target.endpoint == ENDPOINT
        return Fragile(self.database, self.crash)

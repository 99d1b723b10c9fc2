"""Whole rotations by an administrator on a real PostgreSQL, whose master is no superuser."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from pg8000.native import identifier

from rotating_rds_function.adapters.boundary import RedactingDatabase
from rotating_rds_function.adapters.clock import SystemClock
from rotating_rds_function.adapters.engines import ENGINES
from rotating_rds_function.adapters.redaction import Redactor
from rotating_rds_function.domain.access import Level
from rotating_rds_function.domain.endpoints import Endpoint
from rotating_rds_function.domain.errors import AuthenticationError, PrivilegeError, RefusedError, WrongStateError
from rotating_rds_function.domain.patience import Deadline
from rotating_rds_function.domain.progress import Progress
from rotating_rds_function.domain.rotation import Rotation
from rotating_rds_function.domain.steps import Step, StepRequest
from rotating_rds_function.domain.strategies import STRATEGIES
from rotating_rds_function.domain.tags import (
    ACCESS_ROLE_TAG,
    ADMINISTRATOR_USERNAME_TAG,
    ALTERNATE_USERNAME_TAG,
    TEST_QUERY_TAG,
    USERNAME_TAG,
)
from rotating_rds_function.domain.targets import Deployment
from rotating_rds_function.domain.versions import AWSCURRENT, AWSPENDING, AWSPREVIOUS
from tests.support.fake_secret_store import FakeSecretStore
from tests.support.postgres import MASTER_PASSWORD
from tests.support.postgres_users import PASSWORD, Shop
from tests.support.rotations import ADMINISTRATOR_ARN, TAGS_OF, password_of, username_of

if TYPE_CHECKING:
    from collections.abc import Callable


def _encoded(text: str) -> str:
    return "".join(char if char.isascii() and char.isalnum() else f"={ord(char):02X}" for char in text)


class _Rotating:
    """A user of the shop, its secret in memory, and rotations of it."""

    def __init__(self, shop: Shop, strategy: str) -> None:
        self.shop = shop
        master = shop.server.master_username
        names = {
            USERNAME_TAG: shop.name("app"),
            ALTERNATE_USERNAME_TAG: shop.name("app_clone"),
            ACCESS_ROLE_TAG: shop.name("app_access"),
            ADMINISTRATOR_USERNAME_TAG: master,
        }
        self.store = FakeSecretStore(tags=TAGS_OF[strategy] | {tag: _encoded(name) for tag, name in names.items()})
        self.store.others[ADMINISTRATOR_ARN] = json.dumps({"username": master, "password": MASTER_PASSWORD})
        self.store.stage("old", AWSCURRENT, value=json.dumps({"username": shop.name("app"), "password": PASSWORD}))
        self.start("new")

    def start(self, token: str) -> None:
        self.token = token
        self.store.stage(token, AWSPENDING)

    def run(self, *steps: Step) -> None:
        clock = SystemClock()
        server = self.shop.server
        for step in steps or Step:
            rotation = Rotation(
                store=self.store,
                deployment=Deployment({"orders": Endpoint(server.host, server.port, server.host)}, ENGINES, STRATEGIES),
                connect=lambda _: RedactingDatabase(self.shop.adapter(), Redactor()),
                clock=clock,
                deadline=Deadline(clock, 20),
            )
            rotation.run(StepRequest(step, "arn", self.token), Progress())

    def logs_in(self, label: str) -> bool:
        text = self.store.value_of(label)
        try:
            self.shop.adapter().login(username_of(text), password_of(text)).close()
        except AuthenticationError:
            return False
        return True


def _rotating(shop: Shop, strategy: str) -> _Rotating:
    """Return a provisioned user, whose first login is AWSCURRENT."""
    shop.provision(shop.user())
    return _Rotating(shop, strategy)


@pytest.fixture
def pair(shop: Shop) -> _Rotating:
    """Return a user with a pair of logins."""
    return _rotating(shop, "alternating_users")


@pytest.fixture
def reset(shop: Shop) -> _Rotating:
    """Return a user whose password the master sets."""
    return _rotating(shop, "admin_reset")


def test_the_current_value_of_a_pair_logs_in_at_every_point_of_four_rotations(pair: _Rotating) -> None:
    """Nobody notices them."""
    for number in range(4):
        pair.start(f"version-{number}")
        for step in Step:
            pair.run(step)
            assert pair.logs_in(AWSCURRENT)
        assert pair.logs_in(AWSPREVIOUS)
    assert pair.shop.differences() == []


def test_the_password_of_a_reset_user_is_whatever_the_secret_says(reset: _Rotating) -> None:
    """Whatever it was before."""
    reset.shop.as_superuser(f"ALTER ROLE {identifier(reset.shop.name('app'))} PASSWORD 'set by hand'")
    assert not reset.logs_in(AWSCURRENT)
    reset.run()
    assert reset.logs_in(AWSCURRENT)


@pytest.mark.parametrize("strategy", ["alternating_users", "admin_reset"])
@pytest.mark.parametrize("step", list(Step))
def test_runs_of_one_step_at_once_end_as_one(shop: Shop, strategy: str, step: Step) -> None:
    """The lock is the server's, and the values are read again under it."""
    rotating = _rotating(shop, strategy)
    before = list(Step)[: list(Step).index(step)]
    if before:
        rotating.run(*before)
    barrier = threading.Barrier(3)

    def run(_: int) -> None:
        barrier.wait(10)
        rotating.run(step)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(run, range(3)))
    rotating.run(*list(Step)[list(Step).index(step) :])
    assert rotating.store.labels == {"old": {AWSPREVIOUS}, "new": {AWSCURRENT}}
    assert rotating.logs_in(AWSCURRENT)


def _own_table(shop: Shop) -> None:
    shop.as_superuser("CREATE TABLE shop.own (id integer)")
    shop.as_superuser(f"GRANT SELECT ON shop.own TO {identifier(shop.pair.twin)}")


_BEHIND_OUR_BACK: dict[str, tuple[Callable[[Shop], Any], str]] = {
    "revoked": (
        lambda shop: shop.as_master(f"REVOKE {identifier(shop.pair.access_role)} FROM {identifier(shop.pair.twin)}"),
        "is no member of",
    ),
    "limited": (
        lambda shop: shop.as_superuser(f"ALTER ROLE {identifier(shop.pair.twin)} CONNECTION LIMIT 3"),
        "has CONNECTION LIMIT 3",
    ),
    "granted": (_own_table, "holds a privilege of its own on table shop.own"),
}


@pytest.mark.parametrize("change", sorted(_BEHIND_OUR_BACK))
def test_test_secret_names_what_was_changed_behind_our_back(pair: _Rotating, change: str) -> None:
    """And clients stay where they are."""
    happens, named = _BEHIND_OUR_BACK[change]
    pair.run(Step.CREATE, Step.SET)
    happens(pair.shop)
    with pytest.raises(PrivilegeError, match=named):
        pair.run(Step.TEST)
    assert pair.logs_in(AWSCURRENT)


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("SELECT count(*) FROM shop.orders", None),
        ("DELETE FROM shop.orders", PrivilegeError),
        ("SELECT FROM shop.nothing", WrongStateError),
        ("SELCT 1", WrongStateError),
    ],
)
def test_the_deployment_s_query_is_run_as_the_pending_login(
    shop: Shop, query: str, error: type[Exception] | None
) -> None:
    """It acts as the access role by then, and says what the user lacks."""
    shop.provision(shop.user(Level.DDL, "migrations"))
    shop.run(shop.name("migrations"), "CREATE TABLE shop.orders (id integer)")
    shop.provision(shop.user(Level.READ_ONLY))
    pair = _Rotating(shop, "alternating_users")
    pair.store.tags = {**pair.store.tags, TEST_QUERY_TAG: "".join(f"={ord(char):02X}" for char in query)}
    pair.run(Step.CREATE, Step.SET)
    if error is None:
        pair.run(Step.TEST, Step.FINISH)
    else:
        with pytest.raises(error):
            pair.run(Step.TEST)


@pytest.mark.parametrize("strategy", ["alternating_users", "admin_reset"])
def test_a_user_who_became_powerful_is_refused_before_any_change(shop: Shop, strategy: str) -> None:
    """The master must not be able to take over who is above it."""
    rotating = _rotating(shop, strategy)
    rotating.shop.as_superuser(f"GRANT rds_superuser TO {identifier(rotating.shop.name('app'))}")
    rotating.run(Step.CREATE)
    with pytest.raises(RefusedError, match="is a member of rds_superuser"):
        rotating.run(Step.SET)
    assert rotating.logs_in(AWSCURRENT)
    rotating.shop.as_superuser(f"REVOKE rds_superuser FROM {identifier(rotating.shop.name('app'))}")


def test_a_provisioned_pair_is_checked_and_never_made(pair: _Rotating) -> None:
    """Its second login is somebody else's to make."""
    pair.store.tags = {**pair.store.tags, "rotating-rds:pair": "provisioned"}
    pair.run(Step.CREATE)
    with pytest.raises(PrivilegeError, match="does not exist"):
        pair.run(Step.SET)
    shop = pair.shop
    shop.switch(shop.pair)
    pair.run(Step.SET, Step.TEST, Step.FINISH)
    assert pair.logs_in(AWSCURRENT)

"""Requests of CloudFormation on the fakes: what is read, refused, repeated; and that any of it may die at any point."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from rotating_rds_function.domain.errors import (
    AdministratorError,
    BadEventError,
    ConfigurationError,
    PrivilegeError,
    RefusedError,
    RotationError,
    UnreachableError,
)
from rotating_rds_function.domain.patience import Deadline
from rotating_rds_function.domain.provisioning import Provisioning, ProvisionProgress, ProvisionRequest
from rotating_rds_function.domain.versions import AWSCURRENT
from tests.support.crashes import Crash, Fragile, Killed
from tests.support.fake_clock import FakeClock
from tests.support.fake_database import FakeDatabase
from tests.support.fake_secret_store import FakeSecretStore
from tests.support.rotations import ADMINISTRATOR, ADMINISTRATOR_ARN, DEPLOYMENT

USER, TWIN, PASSWORD = "web", "web_clone", "the declared password"


def event(kind: str = "Create", **properties: Any) -> dict[str, Any]:
    """Return a request as the Provider framework hands it on."""
    return {
        "RequestType": kind,
        "ResourceProperties": {
            "ServiceToken": "arn:aws:lambda:eu-west-1:111122223333:function:framework",
            "Database": "orders",
            "Engine": "postgres",
            "Secret": "arn:secret",
            "Username": USER,
            "AlternateUsername": TWIN,
            "Owner": "schema_owner",
            "Administrator": ADMINISTRATOR_ARN,
            "AdministratorUsername": ADMINISTRATOR,
            "Schemas": {"public": "read_write"},
            "Statements": ["GRANT something TO {grantee}"],
            "Removal": "drop",
            **properties,
        },
    }


@dataclass
class Declared:
    """A user's secret, and the database that has no such user yet."""

    store: FakeSecretStore = field(default_factory=FakeSecretStore)
    database: FakeDatabase = field(default_factory=lambda: FakeDatabase({ADMINISTRATOR: "master password"}))
    clock: FakeClock = field(default_factory=FakeClock)
    crash: Crash = field(default_factory=Crash)

    def __post_init__(self) -> None:
        self.put({"username": USER, "password": PASSWORD})
        self.store.others[ADMINISTRATOR_ARN] = json.dumps({"username": ADMINISTRATOR, "password": "master password"})
        self.database.administrators[ADMINISTRATOR] = set()

    def put(self, value: dict[str, str]) -> None:
        """Give the secret a current value."""
        self.store.stage(f"version {len(self.store.values)}", AWSCURRENT, value=json.dumps(value))

    def carry_out(self, kind: str = "Create", **properties: Any) -> None:
        """Have a request carried out."""
        provisioning = Provisioning(
            store=Fragile(self.store, self.crash),
            deployment=DEPLOYMENT,
            connect=lambda _: Fragile(self.database, self.crash),
            clock=self.clock,
            deadline=Deadline(self.clock, 30),
        )
        provisioning.run(ProvisionRequest.parse(event(kind, **properties)), ProvisionProgress())


@pytest.fixture
def declared() -> Declared:
    """Return a user who is declared and not made yet."""
    return Declared()


def test_the_password_of_the_secret_becomes_the_users(declared: Declared) -> None:
    """With exactly the declared privileges."""
    declared.carry_out()
    assert declared.database.accepts(USER, PASSWORD)
    assert declared.database.privileges[USER] == {"read_write public", "GRANT something TO {grantee}"}
    assert declared.database.open_sessions == 0


def test_a_password_that_works_is_not_set_again(declared: Declared) -> None:
    """An update of privileges is no rotation."""
    declared.carry_out()
    changes = declared.database.changes
    declared.carry_out("Update", Schemas={"public": "ddl"}, Statements=[])
    assert declared.database.changes == changes
    assert declared.database.privileges[USER] == {"ddl public"}


def test_the_login_in_use_is_the_one_that_has_to_exist(declared: Declared) -> None:
    """GIVEN the second login of a pair in AWSCURRENT, and a database from before it was made, THEN it is made."""
    declared.put({"username": TWIN, "password": PASSWORD})
    declared.carry_out("Update")
    assert declared.database.accepts(TWIN, PASSWORD)


def test_the_physical_id_is_the_users_name() -> None:
    """Another name is another user: CloudFormation removes the old one."""
    assert ProvisionRequest.parse(event()).physical_id == "orders/web"


def test_a_removed_user_is_dropped_if_that_was_declared(declared: Declared) -> None:
    """And retained otherwise, without a word to the database."""
    declared.carry_out()
    logins = len(declared.database.logins)
    declared.carry_out("Delete", Removal="retain")
    assert len(declared.database.logins) == logins
    assert USER in declared.database.passwords
    declared.carry_out("Delete")
    assert USER not in declared.database.passwords


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_a_request_that_dies_anywhere_is_repeated_to_the_same_end(kind: str, *, after: bool) -> None:
    """Before and after each external call."""
    whole = Declared()
    if kind != "Create":
        whole.carry_out()
    whole.crash.calls = 0
    whole.carry_out(kind)
    for at in range(whole.crash.calls):
        declared = Declared()
        if kind != "Create":
            declared.carry_out()
        declared.crash = Crash(at=at, after=after)
        with pytest.raises(Killed):
            declared.carry_out(kind)
        declared.crash = Crash()
        declared.carry_out(kind)
        assert declared.database.passwords == whole.database.passwords
        assert declared.database.privileges == whole.database.privileges
        assert declared.database.locked == set()


@pytest.mark.parametrize(
    ("properties", "value", "failure"),
    [
        ({"Username": "rdsadmin"}, {"username": "rdsadmin"}, RefusedError),
        ({"Username": ADMINISTRATOR}, {"username": ADMINISTRATOR}, RefusedError),
        ({}, {"username": "somebody else"}, RefusedError),
        ({}, {"username": USER, "host": "attacker.example"}, RefusedError),
        ({"Database": "unknown"}, {}, ConfigurationError),
        ({"Engine": "oracle"}, {}, ConfigurationError),
        ({"AlternateUsername": USER}, {}, ConfigurationError),
    ],
)
def test_what_contradicts_the_deployment_is_refused_before_anything_connects(
    declared: Declared, properties: dict[str, str], value: dict[str, str], failure: type[RotationError]
) -> None:
    """The value is only believed for the password."""
    declared.put({"username": USER, "password": PASSWORD, **value})
    with pytest.raises(failure):
        declared.carry_out(**properties)
    assert declared.database.logins == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ResourceProperties": None}, "no ResourceProperties"),
        ({"RequestType": "Replace"}, "RequestType 'Replace' is unknown: use one of Create, Update, Delete"),
        ({"RequestType": None}, "RequestType where a text was expected"),
    ],
)
def test_what_is_no_request_is_told_so(change: dict[str, Any], message: str) -> None:
    """With who writes requests."""
    with pytest.raises(BadEventError, match=message):
        ProvisionRequest.parse({**event(), **change})


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"Username": ""}, "Username where a text was expected"),
        ({"Secret": 7}, "'int' as Secret"),
        ({"Schemas": {"public": "everything"}}, "Schemas is no object of schema to one of read_only"),
        ({"Statements": "GRANT x"}, "Statements is no list of texts"),
        ({"Removal": "maybe"}, "Removal 'maybe' is unknown: use one of retain, drop"),
    ],
)
def test_malformed_properties_are_told_by_name(properties: dict[str, Any], message: str) -> None:
    """And what was expected."""
    with pytest.raises(BadEventError, match=message):
        ProvisionRequest.parse(event(**properties))


def test_a_protected_user_is_refused(declared: Declared) -> None:
    """As a target of a rotation would be."""
    declared.database.protected.add(TWIN)
    with pytest.raises(RefusedError):
        declared.carry_out()
    assert declared.database.open_sessions == 0
    assert USER not in declared.database.passwords


def test_an_administrator_who_lacks_something_is_told_what(declared: Declared) -> None:
    """Before a user is made."""
    declared.database.administrators[ADMINISTRATOR] = {"CREATEROLE"}
    with pytest.raises(PrivilegeError, match="CREATEROLE"):
        declared.carry_out()
    assert USER not in declared.database.passwords


def test_an_administrator_who_is_being_rotated_is_waited_for(declared: Declared) -> None:
    """For a few seconds; then the secret to repair is named."""
    declared.database.passwords[ADMINISTRATOR] = "the next password"
    with pytest.raises(AdministratorError):
        declared.carry_out()
    assert 1 < declared.clock.now() < 6


def test_a_database_that_is_away_for_a_moment_is_waited_for(declared: Declared) -> None:
    """A deployment may meet a failover."""
    declared.database.failures = [UnreachableError("away"), None]
    declared.carry_out()
    assert declared.database.accepts(USER, PASSWORD)

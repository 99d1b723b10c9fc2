"""Users made, changed and removed on the fakes: in which state of secret and database what is done."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from rotating_rds_function.adapters.engines import ENGINES
from rotating_rds_function.domain.declarations import Declaration
from rotating_rds_function.domain.errors import (
    AdministratorError,
    AuthenticationError,
    ConfigurationError,
    MalformedSecretError,
    NotReadyError,
    PrivilegeError,
    RefusedError,
    RotationError,
    UnreachableError,
    WrongStateError,
)
from rotating_rds_function.domain.patience import Deadline
from rotating_rds_function.domain.progress import Progress
from rotating_rds_function.domain.provisioning import Provisioning, ProvisionOutcome
from rotating_rds_function.domain.requests import Kind, ProvisionRequest
from rotating_rds_function.domain.strategies import STRATEGIES
from rotating_rds_function.domain.targets import Deployment
from rotating_rds_function.domain.versions import AWSCURRENT, AWSPENDING
from tests.support.crashes import Crash, Fragile, Killed
from tests.support.fake_clock import FakeClock
from tests.support.fake_database import FakeDatabase, FakeSession
from tests.support.fake_secret_store import FakeSecretStore
from tests.support.provision_requests import TWIN, USER, event, properties
from tests.support.rotations import ADMINISTRATOR, ADMINISTRATOR_ARN, DEPLOYMENT, ENDPOINT

DEPLOYMENT_OF_ALL = Deployment({"orders": ENDPOINT}, ENGINES, STRATEGIES)
PASSWORD = "the declared password"
FOREIGN = "a password from elsewhere"
LEVEL = {"read_write public", "GRANT something TO {grantee}"}


def _user(**changed: Any) -> Declaration:
    return Declaration.parse(properties(**changed))


@dataclass
class Declared:
    """A user's secret, and the database that has no such user yet."""

    store: FakeSecretStore = field(default_factory=FakeSecretStore)
    database: FakeDatabase = field(default_factory=lambda: FakeDatabase({ADMINISTRATOR: "master password"}))
    clock: FakeClock = field(default_factory=FakeClock)
    crash: Crash = field(default_factory=Crash)

    def __post_init__(self) -> None:
        self.put(USER, PASSWORD)
        self.store.others[ADMINISTRATOR_ARN] = json.dumps({"username": ADMINISTRATOR, "password": "master password"})
        self.database.administrators[ADMINISTRATOR] = set()

    def put(self, username: str, password: str, *, label: str = AWSCURRENT, **others: Any) -> None:
        """Give the secret a value."""
        value = json.dumps({"username": username, "password": password, **others})
        self.store.stage(f"version {len(self.store.values)}", label, value=value)

    def carry_out(self, kind: str = "Create", **changed: Any) -> ProvisionOutcome:
        """Have a request carried out."""
        provisioning = Provisioning(
            store=Fragile(self.store, self.crash),
            deployment=DEPLOYMENT,
            connect=lambda _: Fragile(self.database, self.crash),
            clock=self.clock,
            deadline=Deadline(self.clock, 30),
        )
        return provisioning.run(ProvisionRequest.parse(event(kind, **changed)), Progress())

    def rotate(self, username: str, password: str) -> None:
        """Do what a rotation of the pair does."""
        self.database.passwords[username] = password
        self.database.privileges[username] = set(self.database.privileges[USER])
        self.database.locked.discard(username)
        self.put(username, password)

    @property
    def state(self) -> tuple[object, ...]:
        """Return all that is durable."""
        database = self.database
        return dict(database.passwords), set(database.locked), dict(database.privileges)


@pytest.fixture
def declared() -> Declared:
    """Return a user who is declared and not made yet."""
    return Declared()


@pytest.fixture
def made(declared: Declared) -> Declared:
    """Return a user who is made."""
    declared.carry_out()
    declared.database.logins.clear()
    return declared


@pytest.fixture
def rotated(made: Declared) -> Declared:
    """Return a user whose second login is in use."""
    made.rotate(TWIN, "the rotated password")
    return made


def test_the_password_of_the_secret_becomes_the_user_s(declared: Declared) -> None:
    """With exactly the declared privileges, and no failed login that somebody has to explain."""
    assert declared.carry_out() is ProvisionOutcome.SUCCEEDED
    assert declared.database.accepts(USER, PASSWORD)
    assert declared.database.privileges[USER] == LEVEL
    assert declared.database.logins == [(ADMINISTRATOR, True), (USER, True)]
    assert declared.database.open_sessions == 0


def test_the_second_login_of_a_pair_is_made_at_its_turn(made: Declared) -> None:
    """Nobody knows a password for it yet."""
    assert TWIN not in made.database.passwords


def test_a_password_that_works_is_not_set_again(made: Declared) -> None:
    """An update of privileges is no rotation."""
    changes = made.database.changes
    made.carry_out("Update", old=properties(), Schemas={"public": "ddl"}, Statements=[])
    assert made.database.changes == changes
    assert made.database.privileges[USER] == {"ddl public"}


def test_both_logins_of_a_pair_are_changed(rotated: Declared) -> None:
    """And neither password is touched, whichever is in use."""
    rotated.carry_out("Update", old=properties(), Schemas={"public": "ddl"}, Statements=[])
    assert rotated.database.privileges[USER] == rotated.database.privileges[TWIN] == {"ddl public"}
    assert rotated.database.accepts(USER, PASSWORD)
    assert rotated.database.accepts(TWIN, "the rotated password")


def test_the_login_in_use_is_the_one_that_has_to_exist(declared: Declared) -> None:
    """GIVEN the second login in AWSCURRENT, and a database from before it was made, THEN it is made."""
    declared.put(TWIN, PASSWORD)
    declared.carry_out("Update")
    assert declared.database.accepts(TWIN, PASSWORD)
    assert USER not in declared.database.passwords


def test_a_user_who_exists_gets_the_declared_password(declared: Declared) -> None:
    """Whoever knew another one is out: the other login of the pair is shut until its turn."""
    declared.database.passwords |= {USER: FOREIGN, TWIN: FOREIGN}
    declared.carry_out()
    assert declared.database.accepts(USER, PASSWORD)
    assert not declared.database.accepts(TWIN, FOREIGN)
    assert TWIN in declared.database.passwords


def test_a_user_who_exists_and_logs_in_is_adopted(declared: Declared) -> None:
    """Its password is that of the secret already."""
    declared.database.passwords |= {USER: PASSWORD, TWIN: FOREIGN}
    declared.carry_out()
    assert declared.database.changes == 0
    assert declared.database.accepts(TWIN, FOREIGN)


def test_a_login_that_was_left_half_made_is_completed(declared: Declared) -> None:
    """GIVEN a run that died between making it and giving it a password."""
    declared.database.passwords[USER] = ""
    declared.database.locked.add(USER)
    declared.database.awaiting.add(USER)
    declared.carry_out()
    assert declared.database.accepts(USER, PASSWORD)


def test_a_login_that_somebody_locked_stays_locked(made: Declared) -> None:
    """A deployment is no reason to let a compromised user in again."""
    made.database.locked.add(USER)
    with pytest.raises(WrongStateError, match="somebody locked"):
        made.carry_out("Update", old=properties())
    assert not made.database.accepts(USER, PASSWORD)


def test_the_password_that_a_rotation_has_set_is_not_lost(made: Declared) -> None:
    """GIVEN a rotation between setSecret and finishSecret, THEN it is waited for: finishSecret promotes that value."""
    made.put(USER, "the pending password", label=AWSPENDING)
    made.database.passwords[USER] = "the pending password"
    with pytest.raises(NotReadyError, match=r"while a rotation of the secret is under way.*RotateSecret"):
        made.carry_out("Update", old=properties())
    assert made.database.accepts(USER, "the pending password")
    assert made.clock.now() > 20


def test_a_rotation_that_ends_meanwhile_is_waited_for(made: Declared, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the request goes on by itself."""
    made.put(USER, "the pending password", label=AWSPENDING)
    made.database.passwords[USER] = "the pending password"
    monkeypatch.setattr(made.clock, "sleep", lambda _: made.put(USER, "the pending password"))
    made.carry_out("Update", old=properties(), Schemas={"public": "ddl"}, Statements=[])
    assert made.database.privileges[USER] == {"ddl public"}


def test_a_user_whose_password_changes_at_the_last_moment_is_told(
    declared: Declared, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was provisioned has to be what applications log in with."""
    login = declared.database.login

    def change_then_login(username: str, password: str) -> FakeSession:
        if username == USER:
            declared.database.passwords[USER] = FOREIGN
        return login(username, password)

    monkeypatch.setattr(declared.database, "login", change_then_login)
    with pytest.raises(AuthenticationError, match="was provisioned, and its AWSCURRENT value does not log in"):
        declared.carry_out()


def test_a_pair_becomes_a_single_user_whose_other_login_is_gone(rotated: Declared) -> None:
    """At the turn of the login that stays; where users are retained, the other one is shut out."""
    rotated.rotate(USER, "the next password")
    rotated.carry_out("Update", old=properties(), AlternateUsername=None)
    assert TWIN not in rotated.database.passwords
    assert rotated.database.accepts(USER, "the next password")


def test_a_pair_that_is_retained_keeps_its_other_login_shut_out(rotated: Declared) -> None:
    """It can become a pair again."""
    rotated.rotate(USER, "the next password")
    rotated.carry_out("Update", old=properties(), AlternateUsername=None, Removal="retain")
    assert not rotated.database.accepts(TWIN, "the rotated password")
    assert TWIN in rotated.database.passwords
    rotated.carry_out("Update", old=properties(AlternateUsername=None), Removal="retain")
    assert TWIN in rotated.database.passwords


def test_a_pair_does_not_become_a_single_user_while_the_other_login_is_in_use(rotated: Declared) -> None:
    """No rotation could get away from it: the sentence says what to do first, and nothing is changed."""
    before = rotated.state
    with pytest.raises(RefusedError, match=f"names the login '{TWIN}'.*RotateSecret.*then deploy again"):
        rotated.carry_out("Update", old=properties(), AlternateUsername=None)
    assert rotated.state == before
    assert rotated.database.logins == []
    rotated.carry_out("Update", old=properties(AlternateUsername=None))  # the update is rolled back
    assert rotated.database.accepts(TWIN, "the rotated password")


def test_a_former_login_that_is_somebody_else_s_is_left_alone(made: Declared) -> None:
    """GIVEN an update that was refused because of it, and is rolled back: it has not what the user has."""
    made.database.passwords["bob"] = FOREIGN
    made.database.privileges["bob"] = {"everything"}
    made.carry_out("Update", old=properties(AlternateUsername="bob"))
    assert made.database.accepts("bob", FOREIGN)
    assert made.database.privileges["bob"] == {"everything"}


def test_a_removed_user_is_dropped_if_that_was_declared(rotated: Declared) -> None:
    """With both logins; a second request finds nothing to do."""
    for _ in range(2):
        assert rotated.carry_out("Delete") is ProvisionOutcome.SUCCEEDED
        assert not {USER, TWIN} & rotated.database.passwords.keys()
    assert rotated.database.open_sessions == 0


def test_a_retained_user_is_left_alone(made: Declared) -> None:
    """Without a word to anybody: database and secrets may be gone for good."""
    made.store.calls.clear()
    assert made.carry_out("Delete", Removal="retain", Database="gone", Engine="oracle") is ProvisionOutcome.RETAINED
    assert made.database.logins == []
    assert made.store.calls == []
    assert USER in made.database.passwords


def test_a_user_of_another_secret_by_now_is_not_dropped(rotated: Declared) -> None:
    """GIVEN a declaration that moved within its app: a new secret has the user, before the old one is deleted."""
    new = Declared(database=rotated.database)
    new.put(USER, "the password of the new secret")
    new.carry_out()
    assert rotated.carry_out("Delete") is ProvisionOutcome.TAKEN_OVER
    assert new.database.accepts(USER, "the password of the new secret")


def test_a_renamed_user_s_old_logins_are_dropped(made: Declared) -> None:
    """GIVEN a secret that names the new user already."""
    made.put("shop", "the password of shop")
    made.carry_out("Update", old=properties(), Username="shop", AlternateUsername=None)
    assert made.carry_out("Delete") is ProvisionOutcome.SUCCEEDED
    assert USER not in made.database.passwords
    assert made.database.accepts("shop", "the password of shop")


@pytest.mark.parametrize("value", [None, "{", '{"username": "web"}'])
def test_a_user_whose_secret_is_gone_or_unreadable_is_dropped(made: Declared, value: str | None) -> None:
    """As was declared."""
    made.store.values.clear()
    if value is not None:
        made.store.stage("broken", AWSCURRENT, value=value)
    assert made.carry_out("Delete") is ProvisionOutcome.SUCCEEDED
    assert USER not in made.database.passwords


def test_a_login_that_somebody_dropped_does_not_keep_the_others(rotated: Declared) -> None:
    """AWSCURRENT does not log in then either."""
    del rotated.database.passwords[TWIN]
    assert rotated.carry_out("Delete") is ProvisionOutcome.SUCCEEDED
    assert USER not in rotated.database.passwords


def test_a_user_is_not_dropped_in_the_middle_of_its_rotation(made: Declared) -> None:
    """Whose it is cannot be told then."""
    made.put(USER, "the pending password", label=AWSPENDING)
    made.database.passwords[USER] = "the pending password"
    with pytest.raises(NotReadyError):
        made.carry_out("Delete")
    assert USER in made.database.passwords


def _arrange(kind: str) -> Declared:
    """Return a user whom a request of each kind finds as it should."""
    declared = Declared()
    if kind != "Create":
        declared.carry_out()
        declared.rotate(TWIN, "the rotated password")
        declared.rotate(USER, "the next password")
    declared.crash = Crash()
    return declared


_REQUESTS: dict[str, tuple[str, dict[str, Any]]] = {
    "Create": ("Create", {}),
    "Update": ("Update", {"old": properties(), "Schemas": {"public": "ddl"}}),
    "Update to one login": ("Update", {"old": properties(), "AlternateUsername": None, "Removal": "retain"}),
    "Delete": ("Delete", {}),
}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", list(_REQUESTS))
def test_a_request_that_dies_anywhere_is_repeated_to_the_same_end(name: str, *, after: bool) -> None:
    """Before and after each external call; nobody ever logs in with a part of the privileges."""
    kind, changed = _REQUESTS[name]
    whole = _arrange(name)
    whole.carry_out(kind, **changed)
    assert whole.crash.calls > 8
    for at in range(whole.crash.calls):
        declared = _arrange(name)
        declared.crash = Crash(at=at, after=after)
        with pytest.raises(Killed):
            declared.carry_out(kind, **changed)
        if declared.database.accepts(USER, PASSWORD):
            assert declared.database.privileges[USER] == LEVEL
        declared.crash = Crash()
        declared.carry_out(kind, **changed)
        assert declared.state == whole.state


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_no_session_stays_open_however_a_request_ends(kind: str) -> None:
    """Locks are held by sessions."""
    failed, calls = True, 0
    while failed:
        declared = _arrange(kind)
        declared.database.failures = [*([None] * calls), WrongStateError("The call failed.")]
        try:
            declared.carry_out(kind)
        except WrongStateError:
            failed = True
        else:
            failed = False
        assert declared.database.open_sessions == 0
        calls += 1
    assert calls > 5


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"Username": "rdsadmin"}, RefusedError, "'rdsadmin' belongs to Amazon RDS"),
        ({"AlternateUsername": "pg_monitor"}, RefusedError, "'pg_monitor' belongs to Amazon RDS"),
        ({"Owner": "rds_superuser"}, RefusedError, "'rds_superuser' belongs to Amazon RDS"),
        ({"AccessRole": "pg_read_all_data"}, RefusedError, "'pg_read_all_data' belongs to Amazon RDS"),
        ({"Username": ADMINISTRATOR}, RefusedError, "is the administrator who changes passwords"),
        ({"AlternateUsername": ADMINISTRATOR}, RefusedError, "is the administrator who changes passwords"),
        ({"Schemas": {"pg_catalog": "ddl"}}, RefusedError, "schema 'pg_catalog' belongs to Amazon RDS or to postgres"),
        ({"Schemas": {"information_schema": "read_only"}}, RefusedError, "'information_schema' belongs"),
        ({"AlternateUsername": USER}, ConfigurationError, "need different names, and are 'web', 'web'"),
        ({"AccessRole": USER}, ConfigurationError, "need different names"),
        ({"Owner": USER}, ConfigurationError, "need different names"),
        ({"Owner": "web_access"}, ConfigurationError, "need different names"),
        (
            {"Owner": None},
            ConfigurationError,
            "names no Owner where the role owns the schemas",
        ),
        ({"Database": "elsewhere"}, ConfigurationError, "'elsewhere' on 'postgres', which .* was not deployed for"),
        ({"Engine": "oracle"}, ConfigurationError, "it knows the databases orders and the engines"),
    ],
)
def test_what_is_not_ours_is_refused_before_anybody_is_asked(
    made: Declared, kind: Kind, changed: dict[str, Any], error: type[RotationError], message: str
) -> None:
    """Neither secrets are read nor the database."""
    made.store.calls.clear()
    with pytest.raises(error, match=message):
        made.carry_out(str(kind), **changed)
    assert made.store.calls == []
    assert made.database.logins == []


@pytest.mark.parametrize("engine", ["mysql", "mariadb"])
def test_an_owner_is_refused_where_there_are_none(engine: str) -> None:
    """It would be believed to own something."""
    with pytest.raises(ConfigurationError, match=f"names the Owner 'schema_owner' where none .* on {engine}"):
        DEPLOYMENT_OF_ALL.declared(_user(Engine=engine))
    target = DEPLOYMENT_OF_ALL.declared(_user(Engine=engine, Owner=None))
    assert target.access_role == ""
    for schema in ("mysql", "SYS", "information_schema", "performance_schema"):
        with pytest.raises(RefusedError, match=f"belongs to Amazon RDS or to {engine}"):
            DEPLOYMENT_OF_ALL.declared(_user(Engine=engine, Owner=None, Schemas={schema: "ddl"}))


@pytest.mark.parametrize("kind", ["Create", "Update"])
@pytest.mark.parametrize(
    "forged",
    [{"username": "bob"}, {"host": "evil.example"}, {"port": 1}, {"engine": "oracle"}],
    ids=str,
)
def test_a_forged_value_is_refused_before_anything_connects(declared: Declared, kind: str, forged: Any) -> None:
    """Whoever may write the secret could otherwise name the user who gets a password."""
    value = {"username": USER, "password": PASSWORD, "host": ENDPOINT.host, **forged}
    declared.store.stage("forged", AWSCURRENT, value=json.dumps(value))
    with pytest.raises(RefusedError, match="names another"):
        declared.carry_out(kind)
    assert declared.database.logins == []


@pytest.mark.parametrize("forged", [{"username": "rdsadmin"}, {"host": "evil.example"}], ids=str)
def test_a_forged_administrator_s_value_is_refused_before_anything_connects(declared: Declared, forged: Any) -> None:
    """As in a rotation."""
    value = {"username": ADMINISTRATOR, "password": "master password", **forged}
    declared.store.others[ADMINISTRATOR_ARN] = json.dumps(value)
    with pytest.raises(RefusedError, match="administrator's AWSCURRENT value of the secret names another"):
        declared.carry_out()
    assert declared.database.logins == []


@pytest.mark.parametrize(("value", "error"), [(None, WrongStateError), ("{", MalformedSecretError)])
def test_a_secret_without_a_readable_value_makes_no_user(
    declared: Declared, value: str | None, error: type[RotationError]
) -> None:
    """There is no password to give it."""
    declared.store.values.clear()
    if value is not None:
        declared.store.stage("broken", AWSCURRENT, value=value)
    with pytest.raises(error, match="AWSCURRENT"):
        declared.carry_out()
    assert declared.database.logins == []


@pytest.mark.parametrize("protected", [USER, TWIN, "schema_owner", "web_access"])
@pytest.mark.parametrize("kind", list(Kind))
def test_who_is_protected_is_refused_before_any_change(made: Declared, kind: Kind, protected: str) -> None:
    """A superuser, or a member of rds_superuser, that only the database knows as such."""
    made.database.protected.add(protected)
    before = made.state
    with pytest.raises(RefusedError, match=f"protects {protected}"):
        made.carry_out(str(kind))
    assert made.state == before
    assert made.database.open_sessions == 0


def test_a_failing_statement_is_named_and_leaves_the_user_as_it_was(made: Declared) -> None:
    """CloudFormation rolls back to that."""
    made.database.failing_statements.add("GRANT nothing TO {grantee}")
    before = made.state
    with pytest.raises(WrongStateError, match="does not take GRANT nothing TO"):
        made.carry_out("Update", old=properties(), Statements=["GRANT nothing TO {grantee}"])
    assert made.state == before


def test_an_administrator_who_is_being_rotated_is_waited_for(declared: Declared) -> None:
    """For a few seconds; then the secret to repair is named."""
    declared.database.passwords[ADMINISTRATOR] = "the next password"
    with pytest.raises(AdministratorError, match="administrator's secret"):
        declared.carry_out()
    assert 1 < declared.clock.now() < 6


def test_a_database_that_is_away_for_a_moment_is_waited_for(declared: Declared) -> None:
    """A deployment may meet a failover."""
    declared.database.failures = [UnreachableError("away"), None]
    declared.carry_out()
    assert declared.database.accepts(USER, PASSWORD)


def test_an_administrator_who_lacks_something_is_told_what(declared: Declared) -> None:
    """Before a user is made."""
    declared.database.administrators[ADMINISTRATOR] = {"CREATEROLE"}
    with pytest.raises(PrivilegeError, match="CREATEROLE"):
        declared.carry_out()
    assert USER not in declared.database.passwords

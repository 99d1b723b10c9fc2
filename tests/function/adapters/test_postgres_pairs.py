"""Two logins that take turns, on a real PostgreSQL, administered by a master who is no superuser."""

from __future__ import annotations

from contextlib import closing

import pg8000.dbapi
import pytest
from pg8000.native import identifier

from rotating_rds_function.domain.access import Level
from rotating_rds_function.domain.errors import AuthenticationError, PrivilegeError, RefusedError, WrongStateError
from rotating_rds_function.domain.targets import Pair
from tests.support.postgres_users import PASSWORD, Shop

_DENIED = pytest.raises(pg8000.dbapi.DatabaseError, match="42501")


def _back(pair: Pair) -> Pair:
    return Pair(model=pair.twin, twin=pair.model, access_role=pair.access_role)


def _there_and_back(shop: Shop) -> None:
    shop.switch(shop.pair)
    shop.switch(_back(shop.pair))


def test_what_either_login_makes_the_other_one_uses(shop: Shop) -> None:
    """Tables, sequences and functions, over two switches; the makers act as the owner."""
    shop.provision(shop.user(Level.DDL))
    shop.switch(shop.pair)
    for number, login in enumerate((shop.pair.model, shop.pair.twin)):
        shop.run(
            login,
            f"CREATE TABLE shop.orders_{number} (id integer)",
            f"CREATE SEQUENCE shop.numbers_{number}",
            f"CREATE FUNCTION shop.answer_{number}() RETURNS integer LANGUAGE sql AS 'SELECT 42'",
        )
    shop.switch(_back(shop.pair))
    for number, login in enumerate((shop.pair.twin, shop.pair.model)):
        shop.run(
            login,
            f"INSERT INTO shop.orders_{number} VALUES (nextval('shop.numbers_{number}'))",
            f"ALTER TABLE shop.orders_{number} ADD COLUMN price integer",
            f"CREATE OR REPLACE FUNCTION shop.answer_{number}() RETURNS integer LANGUAGE sql AS 'SELECT 43'",
            f"SELECT shop.answer_{number}()",
            f"DROP TABLE shop.orders_{number}",
        )


@pytest.mark.parametrize("made", ["before", "between", "after"])
def test_both_logins_of_a_pair_read_and_write_what_the_owner_made_at_any_time(shop: Shop, made: str) -> None:
    """Today's objects by grants, tomorrow's by default privileges."""
    shop.provision(shop.user(Level.DDL, "migrations"))
    create = "CREATE TABLE shop.orders (id serial, price integer)"

    def make(moment: str) -> None:
        if moment == made:
            shop.run(shop.name("migrations"), create)

    make("before")
    shop.provision(shop.user(Level.READ_WRITE))
    make("between")
    _there_and_back(shop)
    make("after")
    for login in (shop.pair.model, shop.pair.twin):
        shop.run(login, "INSERT INTO shop.orders (price) VALUES (1)", "UPDATE shop.orders SET price = 2")
    assert shop.run(shop.pair.model, "SELECT count(*), sum(price) FROM shop.orders") == [(2, 4)]


@pytest.mark.parametrize("statement", ["INSERT INTO shop.orders VALUES (1)", "UPDATE shop.orders SET id = 2"])
def test_read_only_stays_read_only_over_two_switches(shop: Shop, statement: str) -> None:
    """Neither login writes."""
    shop.provision(shop.user(Level.DDL, "migrations"))
    shop.provision(shop.user(Level.READ_ONLY))
    shop.run(shop.name("migrations"), "CREATE TABLE shop.orders (id integer)")
    _there_and_back(shop)
    for login in (shop.pair.model, shop.pair.twin):
        assert shop.run(login, "SELECT * FROM shop.orders") == []
        with _DENIED:
            shop.run(login, statement)


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE shop.orders",
        "ALTER TABLE shop.orders ADD COLUMN price integer",
        "TRUNCATE shop.orders",
        "CREATE TABLE shop.own (id integer)",
        "CREATE SCHEMA own",
        "CREATE FUNCTION shop.own() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    ],
)
def test_read_write_neither_drops_nor_alters_nor_makes(shop: Shop, statement: str) -> None:
    """That is the owner's, as whom only ddl acts."""
    shop.provision(shop.user(Level.DDL, "migrations"))
    shop.provision(shop.user(Level.READ_WRITE))
    shop.run(shop.name("migrations"), "CREATE TABLE shop.orders (id integer)")
    _there_and_back(shop)
    for login in (shop.pair.model, shop.pair.twin):
        with _DENIED:
            shop.run(login, statement)
        with _DENIED:
            shop.run(login, f"SET ROLE {identifier(shop.name('owner'))}", statement)
        with _DENIED:
            shop.run(login, "SET ROLE NONE", statement)


@pytest.mark.parametrize("level", list(Level))
def test_sessions_of_both_logins_act_as_the_same_role(shop: Shop, level: Level) -> None:
    """Nobody but ddl acts as the owner."""
    user = shop.user(level)
    shop.provision(user)
    _there_and_back(shop)
    expected = shop.name("owner" if level is Level.DDL else "app_access")
    for login in user.logins:
        assert shop.run(login, "SELECT session_user, current_user") == [(login, expected)]


def test_nobody_stays_a_member_of_the_owner_but_ddl(shop: Shop) -> None:
    """The administrator lends itself the owner's power for a transaction, and gives it back."""
    for level in Level:
        shop.provision(shop.user(level, str(level)))
    members = shop.as_superuser(
        "SELECT member.rolname FROM pg_auth_members m JOIN pg_roles owner ON owner.oid = m.roleid "
        "JOIN pg_roles member ON member.oid = m.member JOIN pg_roles login ON true "
        f"WHERE owner.rolname = '{shop.name('owner')}' AND member.rolname = login.rolname "
        "AND pg_has_role(member.oid, owner.oid, 'USAGE')"
    )
    assert members == [(shop.name("ddl_access"),)]


def test_a_twin_that_was_dropped_behind_our_back_is_made_again(shop: Shop) -> None:
    """With everything that it needs, its password last."""
    shop.provision(shop.user())
    _there_and_back(shop)
    shop.as_superuser(f"DROP ROLE {identifier(shop.pair.twin)}")
    assert shop.differences() == [f"{shop.pair.twin} does not exist"]
    shop.switch(shop.pair)
    assert shop.differences() == []
    shop.run(shop.pair.twin, "SELECT 1")


def test_a_model_that_an_old_snapshot_lacks_is_made_after_the_twin_and_stays_locked(shop: Shop) -> None:
    """Its password is in no value that will be used; its turn comes with the next rotation."""
    shop.provision(shop.user())
    shop.switch(_back(shop.pair))
    shop.run(shop.pair.model, "SELECT 1")
    assert shop.differences() == []
    with pytest.raises(AuthenticationError):
        shop.adapter().login(shop.pair.twin, PASSWORD)
    shop.switch(shop.pair)
    shop.run(shop.pair.twin, "SELECT 1")


def test_a_twin_does_not_exist_until_it_has_its_password(shop: Shop) -> None:
    """Clone, privileges and password become durable at once."""
    shop.provision(shop.user())
    with closing(shop.master()) as session:
        session.lock(shop.pair.model)
        session.prepare_twin(shop.pair)
        assert shop.differences() == [f"{shop.pair.twin} does not exist"]
    assert shop.differences() == [f"{shop.pair.twin} does not exist"]


def test_a_login_that_somebody_locked_stays_locked(shop: Shop) -> None:
    """Whoever locks the model in an emergency must not find the twin open."""
    shop.provision(shop.user())
    shop.as_superuser(f"ALTER ROLE {identifier(shop.pair.model)} NOLOGIN")
    shop.switch(shop.pair)
    with pytest.raises(AuthenticationError):
        shop.adapter().login(shop.pair.twin, PASSWORD)


_DRIFTS = {
    "a connection limit": ("ALTER ROLE {model} CONNECTION LIMIT 7", "has CONNECTION LIMIT 7"),
    "an expiry": ("ALTER ROLE {model} VALID UNTIL '2999-01-01 00:00+00'", "has VALID UNTIL '2999-01-01"),
    "a setting": ("ALTER ROLE {model} SET work_mem TO '7MB'", "lacks the setting work_mem = 7MB"),
    "a setting in one database": (
        "ALTER ROLE {model} IN DATABASE {database} SET work_mem TO '7MB'",
        "lacks the setting work_mem in database shop ",
    ),
    "a search path": (
        'ALTER ROLE {model} SET search_path TO "$user", "strange ""path", shop',
        'lacks the setting search_path = "$user", "strange ""path", shop',
    ),
    "a membership": ("GRANT {reporting} TO {model}", 'lacks membership in role reporting "'),
    "a membership with its option": ("GRANT {reporting} TO {model} WITH ADMIN OPTION", "(ADMIN TRUE"),
}


@pytest.mark.parametrize("taken_away", [False, True], ids=["added", "taken away"])
@pytest.mark.parametrize("drift", sorted(_DRIFTS))
def test_what_was_changed_on_one_login_is_named_and_reaches_the_other(
    shop: Shop, drift: str, *, taken_away: bool
) -> None:
    """What only the twin has is taken from it."""
    shop.provision(shop.user())
    _there_and_back(shop)
    names = {"model": shop.pair.model, "database": shop.database, "reporting": shop.name("reporting")}
    if taken_away:
        names["model"] = shop.pair.twin
    with closing(shop.master()) as session:
        session._run(f"CREATE ROLE {identifier(names['reporting'])} NOLOGIN")
        statement, difference = _DRIFTS[drift]
        session._run(statement.format(**{key: identifier(name) for key, name in names.items()}))
    assert any(difference in clause for clause in shop.differences())
    shop.switch(shop.pair)
    assert shop.differences() == []
    if drift == "a setting":
        [(effective,)] = shop.run(shop.pair.twin, "SHOW work_mem")
        assert (effective == "7MB") is not taken_away


_OWN = {
    "owns table shop.own": "ALTER TABLE shop.own OWNER TO {login}",
    "holds a privilege of its own on table shop.own": "GRANT SELECT ON shop.own TO {login}",
    "holds a privilege of its own on column": "GRANT SELECT (id) ON shop.own TO {login}",
    "holds a privilege of its own on database": "GRANT CREATE ON DATABASE {database} TO {login}",
    "default privileges": "ALTER DEFAULT PRIVILEGES FOR ROLE {login} GRANT SELECT ON TABLES TO PUBLIC",
}


@pytest.mark.parametrize("twins", [False, True], ids=["model", "twin"])
@pytest.mark.parametrize("found", sorted(_OWN))
def test_what_a_login_holds_by_itself_is_named_before_anything_is_changed(
    shop: Shop, found: str, *, twins: bool
) -> None:
    """The other login could not do the same, and objects cannot be shared by being granted."""
    shop.provision(shop.user())
    _there_and_back(shop)
    login = shop.pair.twin if twins else shop.pair.model
    names = {"login": identifier(login), "database": identifier(shop.database)}
    shop.as_superuser("CREATE TABLE shop.own (id integer)", _OWN[found].format(**names))
    assert any(found in clause and login in clause for clause in shop.differences())
    with pytest.raises(PrivilegeError, match="must hold nothing themselves"):
        shop.switch(shop.pair)


def test_a_membership_without_inheritance_reaches_the_other_as_it_is(shop: Shop) -> None:
    """From 16 on whether a member inherits is said at each grant."""
    shop.provision(shop.user())
    reporting, app = identifier(shop.name("reporting")), identifier(shop.pair.model)
    [(version,)] = shop.as_superuser("SELECT current_setting('server_version_num')::integer / 10000")
    options = "WITH INHERIT FALSE, SET TRUE" if version >= 16 else ""
    shop.as_master(f"CREATE ROLE {reporting}", f"GRANT {reporting} TO {app} {options}")
    shop.switch(shop.pair)
    assert shop.differences() == []
    [(inherits,)] = shop.as_superuser(f"SELECT pg_has_role('{shop.pair.twin}', '{shop.name('reporting')}', 'USAGE')")
    assert inherits is (version < 16)


def test_a_membership_that_somebody_else_granted_is_taken_away_too(shop: Shop) -> None:
    """From 16 on a membership has a row for each grantor, and each has to be named."""
    shop.provision(shop.user())
    _there_and_back(shop)
    reporting, other = identifier(shop.name("reporting")), identifier(shop.name("other"))
    shop.as_master(
        f"CREATE ROLE {reporting}",
        f"CREATE ROLE {other}",
        f"GRANT {reporting} TO {other} WITH ADMIN OPTION",
        f"GRANT {other} TO {identifier(shop.server.master_username)}",
    )
    shop.as_superuser(f"SET ROLE {other}", f"GRANT {reporting} TO {identifier(shop.pair.twin)}")
    assert shop.differences() != []
    shop.switch(shop.pair)
    assert shop.differences() == []


def test_the_name_of_a_twin_that_somebody_else_uses_is_refused(shop: Shop) -> None:
    """The rotation would take over a user that it does not manage."""
    shop.provision(shop.user())
    with closing(shop.master()) as session:
        session._run(f"CREATE ROLE {identifier(shop.pair.twin)} LOGIN")
    with pytest.raises(RefusedError, match="is somebody else's user"):
        shop.switch(shop.pair)


def test_a_login_without_its_access_role_is_sent_to_be_provisioned(shop: Shop) -> None:
    """It may own what the twin could not use."""
    shop.provision(shop.user())
    stranger = Pair(model=shop.pair.model, twin=shop.pair.twin, access_role=shop.name("other_access"))
    with pytest.raises(WrongStateError, match="does not exist: provision the user"):
        shop.switch(stranger)
    shop.provision(shop.user(kind="other"))
    with pytest.raises(WrongStateError, match="is no member of"):
        shop.switch(stranger)


def test_a_login_that_acts_as_itself_is_sent_to_be_provisioned(shop: Shop) -> None:
    """What it makes would be its own."""
    shop.provision(shop.user())
    shop.as_superuser(f"ALTER ROLE {identifier(shop.pair.model)} RESET role")
    with pytest.raises(WrongStateError, match="acts as itself"):
        shop.switch(shop.pair)
    shop.as_superuser(f"CREATE ROLE {identifier(shop.pair.twin)}")
    assert any("acts as itself" in clause for clause in shop.differences())


def test_a_pair_of_which_nothing_exists_is_a_wrong_state(shop: Shop) -> None:
    """There is no example to make anything after."""
    with pytest.raises(WrongStateError, match="Neither"):
        shop.switch(shop.pair)

"""Users made by the function on a real PostgreSQL: owner, access role and logins, and the move of an older login."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from pg8000.native import identifier, literal

from rotating_rds_function.domain.access import Level, UserAccess
from rotating_rds_function.domain.errors import PrivilegeError, RefusedError, WrongStateError
from tests.support.leaks import find_leaks
from tests.support.postgres_users import PASSWORD, Shop, run

if TYPE_CHECKING:
    import pg8000.dbapi

_ACLS = """
SELECT 'relation', oid::regclass::text, relacl::text FROM pg_class WHERE relnamespace = 'shop'::regnamespace
UNION ALL SELECT 'schema', nspname, nspacl::text FROM pg_namespace WHERE nspname = 'shop'
UNION ALL SELECT 'default', defaclobjtype::text, defaclacl::text FROM pg_default_acl
UNION ALL SELECT 'member', roleid::text, member::text FROM pg_auth_members ORDER BY 1, 2, 3
"""


def test_provisioning_again_changes_nothing(shop: Shop) -> None:
    """Every deployment repeats it."""
    for level in Level:
        shop.provision(shop.user(level, str(level)))
    shop.run(shop.name("ddl"), "CREATE TABLE shop.orders (id serial)")
    for level in Level:
        shop.provision(shop.user(level, str(level)))
    before = shop.as_superuser(_ACLS)
    for level in Level:
        shop.provision(shop.user(level, str(level)))
    assert shop.as_superuser(_ACLS) == before


@pytest.mark.parametrize("first", list(Level))
@pytest.mark.parametrize("then", list(Level))
def test_a_changed_level_replaces_the_one_before(shop: Shop, first: Level, then: Level) -> None:
    """The user has exactly the new one: what it may no longer do is taken back, on today's and on later objects."""
    shop.provision(shop.user(Level.DDL, "migrations"))
    shop.run(shop.name("migrations"), "CREATE TABLE shop.early (id integer)")
    shop.provision(shop.user(first))
    shop.provision(shop.user(then))
    shop.run(shop.name("migrations"), "CREATE TABLE shop.late (id integer)")
    for table in ("shop.early", "shop.late"):
        rights = shop.run(
            shop.name("app"),
            f"SELECT has_table_privilege('{table}', 'SELECT'), has_table_privilege('{table}', 'INSERT'), "
            f"has_table_privilege('{table}', 'TRUNCATE')",
        )
        assert rights == [(True, then is not Level.READ_ONLY, then is Level.DDL)]


def test_a_schema_that_is_no_longer_declared_is_no_longer_seen(shop: Shop) -> None:
    """The schema stays: it is the owner's, not the user's."""
    shop.provision(shop.user(schema="old shop"))
    shop.provision(shop.user(schema="shop"))
    [rights] = shop.run(
        shop.name("app"), "SELECT has_schema_privilege('old shop', 'USAGE'), has_schema_privilege('shop', 'USAGE')"
    )
    assert rights == (False, True)


def test_statements_are_run_for_the_access_role_and_taken_back_with_it(shop: Shop) -> None:
    """For privileges that no level has."""
    shop.provision(shop.user(Level.DDL, "migrations"))
    shop.run(shop.name("migrations"), "CREATE TABLE shop.orders (id integer, price integer)")
    granted = ["GRANT USAGE ON SCHEMA shop TO {grantee}", "GRANT SELECT (id) ON shop.orders TO {grantee}"]
    logins = (shop.name("app"), shop.name("app_clone"))
    shop.provision(UserAccess(shop.name("owner"), shop.name("app_access"), logins, statements=tuple(granted)))
    assert shop.run(logins[0], "SELECT id FROM shop.orders") == []
    [(whole,)] = shop.run(logins[0], "SELECT has_table_privilege('shop.orders', 'SELECT')")
    assert not whole
    shop.provision(UserAccess(shop.name("owner"), shop.name("app_access"), logins))
    assert shop.run(logins[0], "SELECT has_schema_privilege('shop', 'USAGE')") == [(False,)]
    assert shop.as_superuser("SELECT attname FROM pg_attribute WHERE attacl::text LIKE '%app_access%'") == []


def test_a_failing_statement_undoes_everything(shop: Shop) -> None:
    """A deployment rolls back to where it was."""
    with pytest.raises(PrivilegeError):
        shop.provision(shop.user(statements=["GRANT SELECT ON pg_authid TO {grantee}"]))
    assert shop.as_superuser(f"SELECT rolname FROM pg_roles WHERE rolname LIKE '%\"{shop.number}\"'") == []


def test_an_existing_schema_of_somebody_else_is_used(shop: Shop) -> None:
    """`public` belongs to nobody who logs in; the owner may make things in it from then on."""
    shop.provision(shop.user(Level.DDL, "migrations", schema="public"))
    shop.provision(shop.user(Level.READ_WRITE, schema="public"))
    shop.run(shop.name("migrations"), "CREATE TABLE public.orders (id integer)")
    shop.run(shop.name("app"), "INSERT INTO public.orders VALUES (1)")


def test_a_database_that_only_some_may_connect_to_lets_the_user_in(shop: Shop) -> None:
    """By a privilege of the access role, which the login inherits before it acts as it."""
    with closing(shop.master()) as session:
        session._run(f"REVOKE CONNECT ON DATABASE {identifier(shop.database)} FROM PUBLIC")
    shop.provision(shop.user())
    shop.switch(shop.pair)
    for login in (shop.pair.model, shop.pair.twin):
        assert shop.run(login, "SELECT 1") == [(1,)]


def test_a_role_that_logs_in_is_no_owner(shop: Shop) -> None:
    """Whoever knows its password could do anything to the schemas."""
    with closing(shop.master()) as session:
        session._run(f"CREATE ROLE {identifier(shop.name('owner'))} LOGIN")
    with pytest.raises(WrongStateError, match="can log in, where one was expected that only owns"):
        shop.provision(shop.user())


@pytest.mark.parametrize("login", ["rdsadmin", "a member of rds_superuser", "orders_master"])
def test_protected_users_are_not_provisioned(shop: Shop, login: str) -> None:
    """They would lose what they own."""
    if login.startswith("a member"):
        login = shop.name("boss")
        shop.as_superuser(f"CREATE ROLE {identifier(login)} LOGIN IN ROLE rds_superuser")
    user = UserAccess(shop.name("owner"), shop.name("app_access"), (login,), {"shop": Level.READ_WRITE})
    with pytest.raises(RefusedError, match="must not change"):
        shop.provision(user)


class _Busy:
    """A session that was open before, and queries until it is told to stop."""

    def __init__(self, connection: pg8000.dbapi.Connection) -> None:
        self._connection = connection
        self._stop = threading.Event()
        self._rounds = threading.Semaphore(0)
        self.failures: list[Exception] = []
        self._thread = threading.Thread(target=self._query)
        self._thread.start()

    def _query(self) -> None:
        while not self._stop.is_set():
            try:
                run(
                    self._connection,
                    "INSERT INTO shop.orders (price) VALUES (1)",
                    "SELECT count(*) FROM shop.orders",
                    "SELECT shop.answer()",
                )
            except Exception as error:  # noqa: BLE001 - whatever it is, the session noticed the move
                self.failures.append(error)
                return
            finally:
                self._rounds.release()

    def await_rounds(self, count: int) -> None:
        """Wait until it has queried so many times more."""
        for _ in range(count):
            assert self._rounds.acquire(timeout=10)

    def end(self) -> None:
        """Stop querying."""
        self._stop.set()
        self._thread.join(10)


def _older_user(shop: Shop) -> str:
    """Make a user as applications have them: one login, which owns what it made."""
    login = shop.name("app")
    with closing(shop.master()) as session:
        session.lock(login)
        session._run(f"CREATE ROLE {identifier(login)} LOGIN")
        session._run(f"GRANT CREATE, CONNECT ON DATABASE {identifier(shop.database)} TO {identifier(login)}")
        session.replace_password(login, PASSWORD)
    shop.run(
        login,
        "CREATE SCHEMA shop",
        "CREATE TABLE shop.orders (id serial, price integer)",
        "CREATE FUNCTION shop.answer() RETURNS integer LANGUAGE sql AS 'SELECT 42'",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
    )
    return login


@pytest.mark.parametrize("level", [Level.READ_WRITE, Level.DDL])
def test_a_login_that_owns_is_moved_to_a_pair_while_its_session_goes_on_querying(shop: Shop, level: Level) -> None:
    """Memberships come first and ownership goes afterwards, both seen at once."""
    login = _older_user(shop)
    with closing(shop.session(login)) as connection:
        busy = _Busy(connection)
        try:
            busy.await_rounds(5)
            shop.provision(shop.user(level))
            busy.await_rounds(5)
            shop.switch(shop.pair)
            busy.await_rounds(5)
        finally:
            busy.end()
    assert busy.failures == []
    assert shop.differences() == []
    owners = "SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE relnamespace = 'shop'::regnamespace"
    assert shop.as_superuser(owners) == [(identifier(shop.name("owner")),)]
    for each in (shop.pair.model, shop.pair.twin):
        shop.run(each, "INSERT INTO shop.orders (price) VALUES (2)", "SELECT shop.answer()")


def test_no_password_reaches_the_server_s_log_when_a_pair_is_made_and_switched(shop: Shop) -> None:
    """The server logs every statement, also those that fail."""
    begin = shop.server.log_file.stat().st_size
    shop.provision(shop.user())
    shop.switch(shop.pair)
    shop.run(shop.pair.twin, "SELECT 1")
    log = shop.server.log_file.read_bytes()[begin:].decode()
    assert "SCRAM-SHA-256$" in log
    assert find_leaks([PASSWORD], [log]) == []


def test_a_statement_that_ends_the_transaction_is_told(shop: Shop) -> None:
    """What comes after it would not be undone together with what came before."""
    with pytest.raises(WrongStateError, match="ended the transaction"):
        shop.provision(shop.user(statements=["COMMIT"]))


def test_the_master_keeps_nothing_of_what_it_was_lent(shop: Shop) -> None:
    """For the work on a user it has the privileges of owner and logins, and after it no more."""
    shop.provision(shop.user(Level.DDL))
    shop.provision(shop.user(Level.READ_ONLY))
    names = (shop.name("owner"), shop.name("app"), shop.name("app_access"))
    held = ", ".join(f"pg_has_role('{shop.server.master_username}', {literal(name)}, 'USAGE')" for name in names)
    assert shop.as_superuser(f"SELECT {held}") == [(False, False, False)]


def _removed(shop: Shop, user: UserAccess) -> None:
    with closing(shop.master()) as session:
        session.lock(user.logins[0])
        session.remove(user)
        session.commit()


def test_what_an_access_role_owns_goes_to_the_owner_of_schemas(shop: Shop) -> None:
    """GIVEN a user that a statement lets create things, THEN they stay when it is removed."""
    statements = ["GRANT CREATE ON SCHEMA shop TO {grantee}"]
    user = shop.user(statements=statements)
    shop.provision(user)
    shop.run(shop.name("app"), "CREATE TABLE shop.own (id integer)", "INSERT INTO shop.own VALUES (7)")
    _removed(shop, user)
    [(owner, count)] = shop.as_superuser(
        "SELECT tableowner, (SELECT count(*) FROM shop.own) FROM pg_tables WHERE tablename = 'own'"
    )
    assert (owner, count) == (shop.name("owner"), 1)
    left = shop.as_superuser(f"SELECT rolname FROM pg_roles WHERE rolname LIKE '%\"{shop.number}\"'")
    assert left == [(shop.name("owner"),)]


def test_an_access_role_that_serves_somebody_else_is_not_dropped(shop: Shop) -> None:
    """Who was made a member by hand would lose what it can do."""
    shop.provision(shop.user())
    shop.as_master(
        f"CREATE ROLE {identifier(shop.name('reports'))}",
        f"GRANT {identifier(shop.name('app_access'))} TO {identifier(shop.name('reports'))}",
    )
    with pytest.raises(WrongStateError, match="cannot be dropped while it gives privileges to reports"):
        _removed(shop, shop.user())
    shop.run(shop.name("app"), "SELECT 1")


def test_a_user_with_things_in_another_database_is_not_dropped(shop: Shop) -> None:
    """Only a session there could move them."""
    shop.provision(shop.user())
    login = identifier(shop.name("app"))
    shop.as_superuser(f"CREATE SCHEMA elsewhere AUTHORIZATION {login}", database="postgres")
    try:
        with pytest.raises(WrongStateError, match=r"SQLSTATE 2BP01.*other databases"):
            _removed(shop, shop.user())
    finally:
        shop.as_superuser("DROP SCHEMA elsewhere", database="postgres")
    shop.run(shop.name("app"), "SELECT 1")

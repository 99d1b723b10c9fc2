"""A real server as its operators see it, with one user of its own for a test; see Backstage."""

from __future__ import annotations

import abc
import contextlib
import itertools
from contextlib import closing
from typing import TYPE_CHECKING, Any

from pg8000.native import identifier, literal

from rotating_rds_function.adapters import tls
from rotating_rds_function.adapters.engines import ENGINES
from rotating_rds_function.domain.endpoints import Endpoint
from rotating_rds_function.domain.strategies import STRATEGIES
from rotating_rds_function.domain.targets import Deployment, Pair
from tests.support.engines import ENGINES_UNDER_TEST, MASTER, EngineUnderTest, MySqlFamilyUnderTest, PostgresUnderTest
from tests.support.faults.backstage import FIRST_PASSWORD
from tests.support.postgres import MASTER_PASSWORD

if TYPE_CHECKING:
    from localcloud.databases import Authority, DatabaseServer
    from rotating_rds_function.domain.patience import Deadline
    from rotating_rds_function.domain.ports import Database
    from rotating_rds_function.domain.targets import Target

_numbers = itertools.count()


class RealBackstage(abc.ABC):
    """What PostgreSQL, MySQL and MariaDB share; ends with `close()`.

    :param engine: what runs the server in tests.
    :param port: where the function connects to, if that is not the server itself.
    """

    is_remote = True
    administrator = MASTER
    administrator_password = MASTER_PASSWORD

    def __init__(self, engine: EngineUnderTest, *, port: int | None = None) -> None:
        self.under_test = engine
        self.engine = engine.name.partition("_")[0]
        self.retains_passwords = self.engine == "mysql"
        self.username = f"user{next(_numbers)}"
        self.alternate = f"{self.username}_clone"
        self.schema = f"of_{self.username}"
        endpoint = Endpoint(engine.server.host, port or engine.server.port, "localhost")
        self.deployment = Deployment({"orders": endpoint}, ENGINES, STRATEGIES)
        self.trust = tls.trust(str(engine.authority.certificate))
        self.open()
        self.make(self.username)
        self.set_password(self.username, FIRST_PASSWORD)

    @property
    def pair(self) -> Pair:
        """The two logins."""
        return Pair(self.username, self.alternate, f"{self.username}_access")

    def connect(self, target: Target, deadline: Deadline) -> Database:
        """See Backstage, as for every method here."""
        return self.under_test.adapter(target.endpoint, trust=self.trust, deadline=deadline)  # type: ignore[call-arg]

    def accepts(self, username: str, password: str) -> bool:
        """By the adapter, on the server itself."""
        return self.under_test.accepts(username, password)

    def equal(self) -> bool:
        """By the adapter, whose word on this is held against the server's own in tests of their own."""
        if not all(map(self.exists, (self.username, self.alternate))):
            return False
        with closing(self.under_test.master()) as session:
            return session.differences(self.pair) == []

    def make_equal(self) -> None:
        """Make both anew."""
        for login in (self.username, self.alternate):
            self.drop(login)
            self.make(login)

    def restore(self, state: Any) -> None:
        """Backups of whole servers are no matter of one test."""
        raise NotImplementedError(f"No snapshot of a shared server is restored ({state!r}).")

    def reconnect(self) -> None:
        """Take note that the server was killed, and with it the connection of the test's own."""
        connection = self.under_test.__dict__.pop("superuser", None)
        if connection is not None:
            with contextlib.suppress(Exception):  # it is broken, whatever the driver makes of that
                connection.close()

    def close(self) -> None:
        """Remove what was made."""
        self.lose_sessions()
        for login in (self.username, self.alternate):
            self.drop(login)
        self.shut()
        self.under_test.superuser.close()

    @abc.abstractmethod
    def open(self) -> None:
        """Make what the user may use."""

    @abc.abstractmethod
    def shut(self) -> None:
        """Remove it."""

    @abc.abstractmethod
    def set_password(self, username: str, password: str) -> None:
        """See Backstage, as for those below."""

    @abc.abstractmethod
    def exists(self, login: str) -> bool:
        """See Backstage."""

    @abc.abstractmethod
    def drop(self, login: str) -> None:
        """See Backstage."""

    @abc.abstractmethod
    def make(self, login: str) -> None:
        """See Backstage."""

    @abc.abstractmethod
    def drift(self, login: str) -> None:
        """See Backstage."""

    @abc.abstractmethod
    def lose_sessions(self) -> None:
        """See Backstage."""

    @abc.abstractmethod
    def state(self) -> Any:
        """See Backstage."""


class PostgresBackstage(RealBackstage):
    """PostgreSQL: logins act as an access role."""

    under_test: PostgresUnderTest

    def open(self) -> None:
        """See RealBackstage."""
        access = identifier(self.pair.access_role)
        self._run(
            f"CREATE ROLE {access} NOLOGIN",
            f"GRANT {access} TO {MASTER} WITH ADMIN OPTION",
            f"CREATE SCHEMA {self.schema} CREATE TABLE items (id INT)",
            f"GRANT USAGE ON SCHEMA {self.schema} TO {access}",
            f"GRANT SELECT ON {self.schema}.items TO {access}",
        )

    def shut(self) -> None:
        """See RealBackstage."""
        self._run(f"DROP SCHEMA {self.schema} CASCADE", f"DROP ROLE {identifier(self.pair.access_role)}")

    def set_password(self, username: str, password: str) -> None:
        """See Backstage."""
        if self.exists(username) or username == self.administrator:
            self._run(f"ALTER ROLE {identifier(username)} PASSWORD {literal(password)}")

    def exists(self, login: str) -> bool:
        """See Backstage."""
        return bool(self.under_test.run(f"SELECT 1 FROM pg_roles WHERE rolname = {literal(login)}"))

    def drop(self, login: str) -> None:
        """See Backstage."""
        self._run(f"DROP ROLE IF EXISTS {identifier(login)}")

    def make(self, login: str) -> None:
        """See Backstage."""
        name, access = identifier(login), identifier(self.pair.access_role)
        self._run(
            f"CREATE ROLE {name} LOGIN PASSWORD 'nobody''s password'",
            f"GRANT {name} TO {MASTER} WITH ADMIN OPTION",
            f"GRANT {access} TO {name}",
            f"ALTER ROLE {name} SET role TO {literal(self.pair.access_role)}",
        )

    def drift(self, login: str) -> None:
        """Toggle a limit."""
        if self.exists(login):
            [(limit,)] = self.under_test.run(f"SELECT rolconnlimit FROM pg_roles WHERE rolname = {literal(login)}")
            self._run(f"ALTER ROLE {identifier(login)} CONNECTION LIMIT {7 if limit == -1 else -1}")

    def lose_sessions(self) -> None:
        """See Backstage."""
        names = ", ".join(map(literal, (self.username, self.alternate, MASTER)))
        self._run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename IN ({names})")

    def state(self) -> Any:
        """See Backstage."""
        names = ", ".join(map(literal, (self.username, self.alternate)))
        return [
            self.under_test.run(
                "SELECT rolname, rolcanlogin, rolconnlimit, rolpassword FROM pg_authid "
                f"WHERE rolname IN ({names}) ORDER BY 1"
            ),
            self.under_test.run(
                "SELECT roleid::regrole::text, member::regrole::text FROM pg_auth_members "
                f"JOIN pg_roles r ON r.oid = member WHERE r.rolname IN ({names}) ORDER BY 1, 2"
            ),
        ]

    def _run(self, *statements: str) -> None:
        for statement in statements:
            self.under_test.run(statement)


class MySqlFamilyBackstage(RealBackstage):
    """MySQL and MariaDB: logins have privileges of their own."""

    under_test: MySqlFamilyUnderTest

    def open(self) -> None:
        """See RealBackstage."""
        self._run(f"CREATE DATABASE {self.schema}", f"CREATE TABLE {self.schema}.items (id INT)")

    def shut(self) -> None:
        """See RealBackstage."""
        self._run(f"DROP DATABASE {self.schema}")

    def set_password(self, username: str, password: str) -> None:
        """See Backstage; leaves no secondary password."""
        if self.exists(username) or username == self.administrator:
            self._run(f"ALTER USER '{username}'@'%' IDENTIFIED BY '{password}'")
            if self.retains_passwords:
                self._run(f"ALTER USER '{username}'@'%' DISCARD OLD PASSWORD")

    def exists(self, login: str) -> bool:
        """See Backstage."""
        return bool(self.under_test.run(f"SELECT 1 FROM mysql.user WHERE User = '{login}'"))

    def drop(self, login: str) -> None:
        """See Backstage."""
        self.under_test.drop(login)

    def make(self, login: str) -> None:
        """See Backstage."""
        self._run(
            f"CREATE USER '{login}'@'%' IDENTIFIED BY 'nobody''s password'",
            f"GRANT SELECT ON {self.schema}.items TO '{login}'@'%'",
        )

    def drift(self, login: str) -> None:
        """Toggle a privilege."""
        if self.exists(login):
            grants = self.under_test.run(f"SHOW GRANTS FOR '{login}'@'%'")
            has = any("INSERT" in grant for (grant,) in grants)
            verb, to = ("REVOKE", "FROM") if has else ("GRANT", "TO")
            self._run(f"{verb} INSERT ON {self.schema}.items {to} '{login}'@'%'")

    def lose_sessions(self) -> None:
        """See Backstage."""
        names = f"'{self.username}', '{self.alternate}', '{MASTER}'"
        for (number,) in self.under_test.run(f"SELECT ID FROM information_schema.PROCESSLIST WHERE USER IN ({names})"):
            try:
                self._run(f"KILL {number}")
            except self.under_test.superuser.OperationalError:  # it has ended meanwhile
                continue

    def state(self) -> Any:
        """See Backstage."""
        return [
            sorted(line for query in ("SHOW CREATE USER", "SHOW GRANTS FOR") for line in self._said(query, login))
            for login in (self.username, self.alternate)
            if self.exists(login)
        ]

    def _said(self, query: str, login: str) -> list[str]:
        return [str(row[0]) for row in self.under_test.run(f"{query} '{login}'@'%'")]

    def _run(self, *statements: str) -> None:
        for statement in statements:
            self.under_test.run(statement)


def real_backstage(
    name: str, server: DatabaseServer, authority: Authority, *, port: int | None = None
) -> RealBackstage:
    """Return the operators' side of a server.

    :param name: of the fixture that runs the server.
    :param port: where the function connects to, if that is not the server itself.
    """
    engine = ENGINES_UNDER_TEST[name](name, server, authority)
    kind = PostgresBackstage if isinstance(engine, PostgresUnderTest) else MySqlFamilyBackstage
    return kind(engine, port=port)

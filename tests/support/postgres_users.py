"""A database of its own on a real PostgreSQL, whose users are provisioned by the master, who is no superuser."""

from __future__ import annotations

import itertools
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pg8000.native import identifier

from rotating_rds_function.adapters import tls
from rotating_rds_function.adapters.clock import SystemClock
from rotating_rds_function.adapters.postgres import Postgres, PostgresSession
from rotating_rds_function.domain.access import Level, UserAccess
from rotating_rds_function.domain.endpoints import Endpoint
from rotating_rds_function.domain.patience import Deadline, persist
from rotating_rds_function.domain.targets import Pair
from tests.support.postgres import MASTER_PASSWORD, connect

if TYPE_CHECKING:
    import pg8000.dbapi

    from localcloud.databases import Authority, PostgresServer

PASSWORD = "a password of the shop"
_numbers = itertools.count()


@dataclass
class Shop:
    """A database with a schema `shop`, and names for its roles that no other test uses."""

    server: PostgresServer
    authority: Authority
    number: int = field(default_factory=lambda: next(_numbers))

    def name(self, kind: str) -> str:
        """Return the name of one of the shop's roles; quotes in it, so that nothing unquoted gets through."""
        return f'{kind} "{self.number}"'

    @property
    def database(self) -> str:
        """The database's name."""
        return f"shop {self.number}"

    @property
    def pair(self) -> Pair:
        """The pair whose AWSCURRENT login is "app"."""
        return Pair(model=self.name("app"), twin=self.name("app_clone"), access_role=self.name("app_access"))

    def user(
        self, level: Level = Level.READ_WRITE, kind: str = "app", *, schema: str = "shop", statements: Any = ()
    ) -> UserAccess:
        """Return the declaration of a user with a pair of logins."""
        logins = (self.name(kind), self.name(f"{kind}_clone"))
        return UserAccess(self.name("owner"), self.name(f"{kind}_access"), logins, {schema: level}, tuple(statements))

    def provision(self, user: UserAccess) -> None:
        """Have the master make a user; its first login gets the shop's password when it is made."""
        clock = SystemClock()
        persist(lambda: self._provision(user), clock=clock, deadline=Deadline(clock, 20))

    def _provision(self, user: UserAccess) -> None:
        with closing(self.master()) as session:
            for login in user.logins:
                session.refuse_protected(login)
            session.lock(user.logins[0])
            if session.provision(user):
                session.replace_password(user.logins[0], PASSWORD)
            else:
                session.commit()

    def switch(self, pair: Pair) -> None:
        """Do in the database what one rotation of a pair does."""
        with closing(self.master()) as session:
            session.check_administrator(pair.twin, pair)
            session.lock(pair.model)
            session.prepare_twin(pair)
            session.replace_password(pair.twin, PASSWORD)

    def differences(self, pair: Pair | None = None) -> list[str]:
        """Return what the master finds."""
        with closing(self.master()) as session:
            return session.differences(pair or self.pair)

    def adapter(self) -> Postgres:
        """Return the adapter for the shop's database."""
        endpoint = Endpoint(self.server.host, self.server.port, self.server.host, self.database)
        trust = tls.trust(str(self.authority.certificate))
        return Postgres(endpoint, trust=trust, deadline=Deadline(SystemClock(), 20))

    def master(self) -> PostgresSession:
        """Return a session of the function as the master."""
        return self.adapter().login(self.server.master_username, MASTER_PASSWORD)

    def session(self, login: str) -> pg8000.dbapi.Connection:
        """Return an application's session; statements take effect at once."""
        connection = connect(self.server, self.authority, user=login, password=PASSWORD, database=self.database)
        connection.autocommit = True
        return connection

    def run(self, login: str, *statements: str) -> Any:
        """Run statements as an application does, and return the last one's rows."""
        with closing(self.session(login)) as connection:
            return run(connection, *statements)

    def as_master(self, *statements: str) -> None:
        """Run statements as the master, who granted what the users have."""
        with closing(self.master()) as session:
            for statement in statements:
                session._run(statement)

    def as_superuser(self, *statements: str, database: str | None = None) -> Any:
        """Run statements with the rights that nobody has on RDS."""
        with closing(self.server.superuser_connection(database or self.database)) as connection:
            connection.autocommit = True
            return run(connection, *statements)

    def open(self) -> None:
        """Make the database."""
        master = identifier(self.server.master_username)
        self.as_superuser(f"CREATE DATABASE {identifier(self.database)} OWNER {master}", database="postgres")

    def close(self) -> None:
        """Remove the database and its roles."""
        self.as_superuser(f"DROP DATABASE {identifier(self.database)} WITH (FORCE)", database="postgres")
        mine = f"SELECT rolname FROM pg_roles WHERE rolname LIKE '% \"{self.number}\"'"
        names = [identifier(name) for (name,) in self.as_superuser(mine, database="postgres")]
        if names:  # all at once: one may have granted another its membership
            self.as_superuser(f"DROP ROLE {', '.join(names)}", database="postgres")


def run(connection: pg8000.dbapi.Connection, *statements: str) -> Any:
    """Run statements in a session, and return the last one's rows."""
    cursor = connection.cursor()
    for statement in statements:
        cursor.execute(statement)
    return [tuple(row) for row in cursor.fetchall()] if cursor.description else None

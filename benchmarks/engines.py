"""The database servers that rotations are measured on, and the users who are rotated."""

from __future__ import annotations

import ssl
from contextlib import closing, contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import pg8000.native
import pymysql
from pg8000.native import identifier, literal

from benchmarks.logins import LoginCounter, MySqlStatus, PostgresLog
from localcloud.databases import MariaDbServer, MySqlServer, PostgresServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from localcloud.databases import Authority, DatabaseServer

MASTER: Final = "orders_master"
DATABASE: Final = "orders"
_PASSWORD: Final = "the first password of all"  # noqa: S105 - of a server that lives as long as the benchmark


@dataclass(frozen=True)
class Login:
    """Whom a secret names."""

    username: str
    password: str = _PASSWORD


@dataclass(frozen=True)
class Place:
    """A running server, as the users of this benchmark see it."""

    engine: Engine
    server: DatabaseServer
    authority: Authority
    logins: LoginCounter

    @property
    def endpoint(self) -> dict[str, Any]:
        """Where it is, as the function's deployment names it."""
        return {"host": self.server.host, "port": self.server.port, "database": DATABASE}

    def value(self, login: Login) -> dict[str, Any]:
        """Return what a secret holds, as CloudFormation's attachment writes it."""
        where = {"engine": self.engine.name, "host": self.server.host, "port": self.server.port, "dbname": DATABASE}
        return {**where, "username": login.username, "password": login.password}

    def provision(self, login: Login, *, pair: bool = False) -> None:
        """Have the master make a user with a few privileges.

        :param pair: whether it is the first login of one of our pairs.
        """
        statements = self.engine.pair if pair else self.engine.user
        self.engine.run(self, Login(MASTER), statements(login))

    def try_out(self, username: str, password: str) -> None:
        """Log in and out again; raises the driver's error if that fails."""
        self.engine.run(self, Login(username, password), ["SELECT 1"])


@dataclass(frozen=True)
class Engine:
    """A kind of server.

    :param name: as the deployment writes it.
    :param server: runs one.
    :param parameters: its settings, on top of those of RDS.
    :param counter: tells what it saw of the network.
    :param user: the statements that make a user.
    :param pair: those that make the first login of a pair as the construct library deploys it.
    :param run: logs in over verified TLS and runs statements.
    """

    name: str
    server: type[DatabaseServer]
    parameters: Mapping[str, str]
    counter: Callable[[DatabaseServer], LoginCounter]
    user: Callable[[Login], list[str]]
    pair: Callable[[Login], list[str]]
    run: Callable[[Place, Login, list[str]], None]

    @contextmanager
    def running(self, folder: Path, authority: Authority) -> Iterator[Place]:
        """Run a server."""
        server = self.server.create(
            folder / self.name,
            authority=authority,
            master_username=MASTER,
            master_password=_PASSWORD,
            database=DATABASE,
            parameters=self.parameters,
        )
        try:
            with closing(self.counter(server)) as counter:
                yield Place(self, server, authority, counter)
        finally:
            server.destroy()


def _postgres_user(login: Login) -> list[str]:
    name = identifier(login.username)
    return [
        f"CREATE ROLE {name} LOGIN PASSWORD {literal(login.password)}",
        f"GRANT CREATE ON DATABASE {identifier(DATABASE)} TO {name}",
    ]


def _postgres_pair(login: Login) -> list[str]:
    """Return a login that holds nothing itself and acts as an access role."""
    access = f"{login.username}_access"
    return [
        f"CREATE ROLE {identifier(access)} NOLOGIN",
        f"GRANT CREATE ON DATABASE {identifier(DATABASE)} TO {identifier(access)}",
        f"CREATE ROLE {identifier(login.username)} LOGIN PASSWORD {literal(login.password)}",
        f"GRANT {identifier(access)} TO {identifier(login.username)}",
        f"ALTER ROLE {identifier(login.username)} SET role = {literal(access)}",
    ]


def _run_on_postgres(place: Place, login: Login, statements: list[str]) -> None:
    context = ssl.create_default_context(cafile=place.authority.certificate)
    arguments = {"host": place.server.host, "port": place.server.port, "database": DATABASE, "ssl_context": context}
    with closing(pg8000.native.Connection(login.username, password=login.password, **arguments)) as session:
        for statement in statements:
            session.run(statement)


def _mysql_user(login: Login) -> list[str]:
    name = f"'{login.username}'@'%'"
    return [
        f"CREATE USER {name} IDENTIFIED BY '{login.password}'",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {DATABASE}.* TO {name}",
    ]


def _run_on_mysql(place: Place, login: Login, statements: list[str]) -> None:
    context = ssl.create_default_context(cafile=place.authority.certificate)
    with (
        pymysql.connect(
            user=login.username,
            password=login.password,
            host=place.server.host,
            port=place.server.port,
            database=DATABASE,
            ssl=context,
        ) as connection,
        connection.cursor() as cursor,
    ):
        for statement in statements:
            cursor.execute(statement)


def _mysql_family(name: str, server: type[DatabaseServer]) -> Engine:
    return Engine(name, server, {}, MySqlStatus, user=_mysql_user, pair=_mysql_user, run=_run_on_mysql)


ENGINES: Final[Mapping[str, Engine]] = MappingProxyType(
    {
        engine.name: engine
        for engine in (
            Engine(
                name="postgres",
                server=PostgresServer,
                parameters={"log_connections": "on"},
                counter=PostgresLog,
                user=_postgres_user,
                pair=_postgres_pair,
                run=_run_on_postgres,
            ),
            _mysql_family("mysql", MySqlServer),
            _mysql_family("mariadb", MariaDbServer),
        )
    }
)
"""Every engine, by its name."""

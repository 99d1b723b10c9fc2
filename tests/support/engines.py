"""The engines that the rotation function serves, each as a real server with throw-away users."""

from __future__ import annotations

import abc
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from pg8000.native import identifier, literal

from rotating_rds_function.adapters import tls
from rotating_rds_function.adapters.clock import SystemClock
from rotating_rds_function.adapters.mariadb import MariaDb
from rotating_rds_function.adapters.mysql import MySql
from rotating_rds_function.adapters.mysql_text import literal as mysql_literal
from rotating_rds_function.adapters.postgres import Postgres
from rotating_rds_function.domain.endpoints import Endpoint
from rotating_rds_function.domain.errors import AuthenticationError
from rotating_rds_function.domain.patience import Deadline
from rotating_rds_function.domain.targets import Pair
from tests.support.postgres import MASTER_PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from localcloud.databases import Authority, DatabaseServer, MariaDbServer, MySqlServer, PostgresServer
    from rotating_rds_function.domain.ports import Database, DatabaseSession

PASSWORD = "the first password"
MASTER = "orders_master"
QUERY = "SELECT id FROM contract.items"
"""What nobody may run who was not allowed to."""

_NAMES = ("o'hara", 'o\'hara "twin"')


class EngineUnderTest(abc.ABC):
    """A server, the adapter for it, and users that are gone after the test.

    :param name: of the fixture that runs the server.
    :cvar adapter: what is tested.
    :cvar longest_name: the longest user name that the engine can hold.
    """

    adapter: ClassVar[type[Database]]
    longest_name: ClassVar[str]

    def __init__(self, name: str, server: DatabaseServer, authority: Authority) -> None:
        self.name = name
        self.server = server
        self.authority = authority
        self.made: list[str] = []

    def database(self, *, seconds: float = 20.0, ca_bundle: str | None = None, **endpoint: Any) -> Database:
        """Return the adapter for the server; further parameters are those of an Endpoint."""
        place = {"host": self.server.host, "port": self.server.port, "server_name": "localhost", **endpoint}
        trust = tls.trust(ca_bundle or str(self.authority.certificate))
        return self.adapter(Endpoint(**place), trust=trust, deadline=Deadline(SystemClock(), seconds))  # type: ignore[call-arg]

    def user(self, name: str = "app", password: str = PASSWORD) -> str:
        """Make a user who may log in."""
        self.create(name, password)
        self.made.append(name)
        return name

    def master(self) -> DatabaseSession:
        """Return a session of the server's master, who has the privileges of one on RDS."""
        return self.database().login(MASTER, MASTER_PASSWORD)

    def accepts(self, name: str, password: str) -> bool:
        """Tell whether the server lets in user and password, by the adapter under test."""
        try:
            self.database().login(name, password).close()
        except AuthenticationError:
            return False
        return True

    def clean_up(self) -> None:
        """Drop the users that the test made, and those that it named in *made*."""
        for name in self.made:
            self.drop(name)
        self.superuser.close()

    @cached_property
    def superuser(self) -> Any:
        """A connection of the test's own, with the rights that nobody has on RDS."""
        return self.server.superuser_connection()

    @abc.abstractmethod
    def create(self, name: str, password: str) -> None:
        """Make a login."""

    @abc.abstractmethod
    def drop(self, name: str) -> None:
        """Drop a login, if it exists."""

    @abc.abstractmethod
    def lock_out(self, name: str) -> None:
        """Keep a user from logging in, as an operator does."""

    @abc.abstractmethod
    def pair(self) -> Pair:
        """Return a pair whose model is made, with the password of user(), and whose twin is not."""

    @abc.abstractmethod
    def allow(self, pair: Pair) -> None:
        """Let the model of a pair run QUERY; the twin, at the next turn."""

    @abc.abstractmethod
    def run(self, statement: str) -> Any:
        """Run a statement with rights that nobody has on RDS; return its rows."""

    @property
    @abc.abstractmethod
    def statement_logs(self) -> list[Path]:
        """The files in which the server writes statements and errors."""


class PostgresUnderTest(EngineUnderTest):
    """PostgreSQL."""

    server: PostgresServer
    adapter = Postgres
    longest_name = "x" * 63

    def create(self, name: str, password: str) -> None:
        """See EngineUnderTest."""
        self.run(f"CREATE ROLE {identifier(name)} LOGIN PASSWORD {literal(password)}")
        # From 16 on, CREATEROLE reaches as far as ADMIN OPTION does.
        self.run(f"GRANT {identifier(name)} TO {MASTER} WITH ADMIN OPTION")

    def drop(self, name: str) -> None:
        """See EngineUnderTest."""
        self.run(f"DROP ROLE IF EXISTS {identifier(name)}")

    def lock_out(self, name: str) -> None:
        """See EngineUnderTest."""
        self.run(f"ALTER ROLE {identifier(name)} NOLOGIN")

    def run(self, statement: str) -> Any:
        """See EngineUnderTest."""
        self.superuser.autocommit = True
        cursor = self.superuser.cursor()
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else None

    def pair(self) -> Pair:
        """See EngineUnderTest; the login acts as its access role."""
        pair = Pair(*_NAMES, access_role="o'hara's access")
        model, access = identifier(self.user(pair.model)), identifier(pair.access_role)
        self.made.extend((pair.twin, pair.access_role))
        self.run(f"CREATE ROLE {access} NOLOGIN")
        self.run(f"GRANT {access} TO {MASTER} WITH ADMIN OPTION")
        self.run(f"GRANT {access} TO {model}")
        self.run(f"ALTER ROLE {model} SET role TO {literal(pair.access_role)}")
        self.run("CREATE SCHEMA contract CREATE TABLE items (id INT)")
        return pair

    def allow(self, pair: Pair) -> None:
        """See EngineUnderTest."""
        self.run(f"GRANT USAGE ON SCHEMA contract TO {identifier(pair.access_role)}")
        self.run(f"GRANT SELECT ON contract.items TO {identifier(pair.access_role)}")

    def clean_up(self) -> None:
        """See EngineUnderTest."""
        self.run("DROP SCHEMA IF EXISTS contract CASCADE")
        super().clean_up()

    @property
    def statement_logs(self) -> list[Path]:
        """See EngineUnderTest."""
        return [self.server.log_file]


class MySqlFamilyUnderTest(EngineUnderTest):
    """What MySQL and MariaDB share."""

    server: MySqlServer | MariaDbServer

    @cached_property
    def superuser(self) -> Any:
        """See EngineUnderTest."""
        connection = self.server.superuser_connection()
        connection.autocommit(True)  # noqa: FBT003 - the driver's signature
        return connection

    def create(self, name: str, password: str) -> None:
        """See EngineUnderTest."""
        self.run(f"CREATE USER {mysql_literal(name)}@'%' IDENTIFIED BY {mysql_literal(password)}")

    def drop(self, name: str) -> None:
        """See EngineUnderTest."""
        for (host,) in self.run(f"SELECT Host FROM mysql.user WHERE User = {mysql_literal(name)}"):
            self.run(f"DROP USER {mysql_literal(name)}@{mysql_literal(host)}")

    def lock_out(self, name: str) -> None:
        """See EngineUnderTest."""
        self.run(f"ALTER USER {mysql_literal(name)}@'%' ACCOUNT LOCK")

    def run(self, statement: str) -> Any:
        """See EngineUnderTest."""
        with self.superuser.cursor() as cursor:
            cursor.execute("SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'")
            cursor.execute(statement)
            return cursor.fetchall()

    def pair(self) -> Pair:
        """See EngineUnderTest."""
        pair = Pair(*_NAMES, access_role="")
        self.user(pair.model)
        self.made.append(pair.twin)
        self.run("CREATE DATABASE contract")
        self.run("CREATE TABLE contract.items (id INT)")
        return pair

    def allow(self, pair: Pair) -> None:
        """See EngineUnderTest."""
        self.run(f"GRANT SELECT ON contract.items TO {mysql_literal(pair.model)}@'%'")

    def clean_up(self) -> None:
        """See EngineUnderTest."""
        self.run("DROP DATABASE IF EXISTS contract")
        super().clean_up()

    @property
    def statement_logs(self) -> list[Path]:
        """See EngineUnderTest."""
        return [self.server.general_log, self.server.log_file]


class MySqlUnderTest(MySqlFamilyUnderTest):
    """MySQL."""

    adapter = MySql
    longest_name = "x" * 32

    @cached_property
    def superuser(self) -> Any:
        """See EngineUnderTest; shows hashes, which are of any bytes, as numbers."""
        connection = super().superuser
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION print_identified_with_as_hex = ON")
        return connection


class MariaDbUnderTest(MySqlFamilyUnderTest):
    """MariaDB."""

    adapter = MariaDb
    longest_name = "x" * 80


ENGINES_UNDER_TEST: Mapping[str, Callable[[str, Any, Authority], EngineUnderTest]] = {
    "postgres": PostgresUnderTest,
    "postgres_15": PostgresUnderTest,
    "mysql": MySqlUnderTest,
    "mariadb": MariaDbUnderTest,
}
"""Fixture of the server to what runs it in tests."""

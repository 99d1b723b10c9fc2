"""Users that are declared for real servers, as CloudFormation has them made, and the secret that each of them has."""

from __future__ import annotations

import abc
import itertools
import json
import re
from contextlib import closing
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pg8000.native import identifier
from pg8000.native import literal as postgres_literal

from rotating_rds_function.adapters import tls
from rotating_rds_function.adapters.clock import SystemClock
from rotating_rds_function.adapters.engines import ENGINES
from rotating_rds_function.adapters.mysql_text import identifier as mysql_identifier
from rotating_rds_function.adapters.mysql_text import literal
from rotating_rds_function.domain.endpoints import Endpoint
from rotating_rds_function.domain.errors import PrivilegeError
from rotating_rds_function.domain.patience import Deadline
from rotating_rds_function.domain.progress import Progress
from rotating_rds_function.domain.provisioning import Provisioning, ProvisionOutcome
from rotating_rds_function.domain.requests import ProvisionRequest
from rotating_rds_function.domain.rotation import Rotation
from rotating_rds_function.domain.steps import Step, StepRequest
from rotating_rds_function.domain.strategies import STRATEGIES
from rotating_rds_function.domain.targets import Deployment, Pair
from rotating_rds_function.domain.versions import AWSCURRENT, AWSPENDING
from tests.support.engines import MASTER, EngineUnderTest, PostgresUnderTest
from tests.support.fake_secret_store import FakeSecretStore
from tests.support.postgres import MASTER_PASSWORD
from tests.support.provision_requests import event
from tests.support.rotations import ADMINISTRATOR_ARN, TAGS_OF, password_of, username_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rotating_rds_function.domain.ports import Database, DatabaseSession
    from rotating_rds_function.domain.targets import Target

PASSWORD = "the declared 'password' \\ % é"
_numbers = itertools.count()


def encoded(text: str) -> str:
    """Write a text as a tag may hold it."""
    return "".join(f"={byte:02X}" for byte in text.encode())


class DeclaredUser(abc.ABC):
    """A user of a server, in a database of its own; the names of both need quoting.

    :param engine: the server.
    :param kind: what the user is called.
    :param place: another user, whose database this one shares.
    :cvar stride: between statements at which it is worth while to cut a request off.
    """

    stride = 1

    def __init__(self, engine: EngineUnderTest, kind: str = "web", place: DeclaredUser | None = None) -> None:
        self.engine = engine
        self.number: int = place.number if place else next(_numbers)
        self.kind = kind
        self.username = self.name(kind)
        self.alternate = self.name(f"{kind}_b")
        self.schema = f"my_shop'{self.number}"
        self.others: list[DeclaredUser] = []
        self.store = FakeSecretStore()
        self.store.others[ADMINISTRATOR_ARN] = json.dumps({"username": MASTER, "password": MASTER_PASSWORD})
        self.put(self.username, PASSWORD)
        if place is None:
            self.open()

    def name(self, kind: str) -> str:
        """Return a name that no other test uses."""
        return f"{kind}'\"{self.number:04}"

    def put(self, username: str, password: str) -> None:
        """Give the secret a value."""
        value = json.dumps({"username": username, "password": password})
        self.store.stage(f"version-{len(self.store.values)}", AWSCURRENT, value=value)

    def another(self, kind: str) -> DeclaredUser:
        """Return another user of the same database, with a secret of its own."""
        other = type(self)(self.engine, kind, place=self)
        self.others.append(other)
        return other

    @property
    def endpoint(self) -> Endpoint:
        """Where the database is."""
        return Endpoint(self.engine.server.host, self.engine.server.port, "localhost", self.database_name)

    @property
    def pair(self) -> Pair:
        """The two logins, whose first one is in use."""
        return Pair(self.username, self.alternate, f"{self.username}_access")

    @cached_property
    def deployment(self) -> Deployment:
        """What the function is deployed for."""
        return Deployment({"orders": self.endpoint}, ENGINES, STRATEGIES)

    def connect(self, deadline: Deadline) -> Database:
        """Return the adapter."""
        trust = tls.trust(str(self.engine.authority.certificate))
        return self.engine.adapter(self.endpoint, trust=trust, deadline=deadline)  # type: ignore[call-arg]

    def master(self) -> DatabaseSession:
        """Return a session of the function as the master."""
        return self.connect(Deadline(SystemClock(), 20)).login(MASTER, MASTER_PASSWORD)

    def event(self, kind: str = "Create", *, old: Mapping[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
        """Return a request of CloudFormation.

        :param old: what was different in the properties that an update replaces.
        """
        declared = {**self._declared, **changed}
        former = None if old is None else event(**{**declared, **old})["ResourceProperties"]
        return event(kind, old=former, **declared)

    @property
    def _declared(self) -> dict[str, Any]:
        return {
            "Engine": self.engine.name.partition("_")[0],
            "Username": self.username,
            "AlternateUsername": self.alternate,
            "AdministratorUsername": MASTER,
            "Schemas": {self.schema: "read_write"},
            "Statements": [],
            **self.roles,
        }

    def carry_out(self, kind: str = "Create", *, seconds: float = 20, **changed: Any) -> ProvisionOutcome:
        """Have a request carried out."""
        clock = SystemClock()
        deadline = Deadline(clock, seconds)
        provisioning = Provisioning(self.store, self.deployment, lambda _: self.connect(deadline), clock, deadline)
        return provisioning.run(ProvisionRequest.parse(self.event(kind, **changed)), Progress())

    def rotate(self, strategy: str = "alternating_users") -> None:
        """Perform a whole rotation."""
        names = {
            "username": self.username,
            "alternate-username": self.alternate,
            "administrator-username": MASTER,
            "access-role": self.pair.access_role,
        }
        self.store.tags = {
            **TAGS_OF[strategy],
            "rotating-rds:engine": self.engine.name.partition("_")[0],
            **{f"rotating-rds:{key}": encoded(name) for key, name in names.items()},
        }
        token = f"version-{len(self.store.labels)}"
        self.store.stage(token, AWSPENDING)
        clock = SystemClock()
        deadline = Deadline(clock, 20)

        def connect(_: Target) -> Database:
            return self.connect(deadline)

        rotation = Rotation(self.store, self.deployment, connect, clock, deadline)
        for step in Step:
            rotation.run(StepRequest(step, "arn", token), Progress())

    @property
    def current(self) -> tuple[str, str]:
        """User name and password of AWSCURRENT."""
        text = self.store.value_of(AWSCURRENT)
        return username_of(text), password_of(text)

    def logs_in(self) -> bool:
        """Tell whether AWSCURRENT does."""
        return self.engine.accepts(*self.current)

    def session(self) -> DatabaseSession:
        """Return an application's session."""
        return self.connect(Deadline(SystemClock(), 20)).login(*self.current)

    def may(self, statement: str) -> bool:
        """Tell whether an application may run a statement, whose effect stays; {} is the schema."""
        with closing(self.session()) as session:
            try:
                session.verify(self.written(statement))
            except PrivilegeError:
                return False
        return True

    def do(self, *statements: str) -> None:
        """Run statements as an application."""
        with closing(self.session()) as session:
            for statement in statements:
                session.verify(self.written(statement))

    def written(self, statement: str) -> str:
        """Fill in the schema."""
        return statement.replace("{}", self.quoted(self.schema))

    def differences(self) -> list[str]:
        """Return what the two logins do not have in common."""
        with closing(self.master()) as session:
            return session.differences(self.pair)

    def made_by_a_migration(self, *statements: str) -> DeclaredUser:
        """Have a user with DDL make things, as deployments of applications do; return it."""
        migrations = self.another("migrations")
        migrations.carry_out(Schemas={self.schema: "ddl"}, AlternateUsername=None)
        migrations.do(*statements)
        return migrations

    @property
    @abc.abstractmethod
    def database_name(self) -> str | None:
        """The database to log in to."""

    @property
    @abc.abstractmethod
    def roles(self) -> dict[str, Any]:
        """The properties that only one engine has."""

    @abc.abstractmethod
    def open(self) -> None:
        """Make what the master of an instance finds."""

    @abc.abstractmethod
    def close(self) -> None:
        """Remove everything again."""

    @abc.abstractmethod
    def quoted(self, name: str) -> str:
        """Return a name as the engine's statements take it."""

    @abc.abstractmethod
    def run(self, statement: str) -> Any:
        """Run a statement with rights that nobody has on RDS; return its rows."""

    @abc.abstractmethod
    def exists(self, username: str) -> bool:
        """Tell whether there is such a user."""

    @abc.abstractmethod
    def described(self) -> list[Any]:
        """Return what the server says of the user: what it may do, and as whom."""

    @abc.abstractmethod
    def grants_on(self, table: str, privilege: str = "SELECT") -> list[str]:
        """Return statements of a declaration that give a privilege on one table."""

    @abc.abstractmethod
    def give_by_hand(self) -> None:
        """Give the user of AWSCURRENT what was not declared, in every way that there is."""

    @property
    @abc.abstractmethod
    def forbidden_statement(self) -> str:
        """A statement that the master of an instance may not run."""

    @abc.abstractmethod
    def promote(self, username: str) -> None:
        """Make somebody more than a user."""

    @abc.abstractmethod
    def everybody(self) -> list[Any]:
        """Return the names of all users of the server."""

    @abc.abstractmethod
    def set_password(self, username: str, password: str) -> None:
        """Change a password behind our back."""

    def statements_logged_since(self, begins: Mapping[Path, int]) -> list[str]:
        """Return what the server has logged since then."""
        return [log.read_bytes()[begin:].decode(errors="replace") for log, begin in begins.items()]

    def log_positions(self) -> dict[Path, int]:
        """Return how long the logs are."""
        return {log: log.stat().st_size for log in self.engine.statement_logs}


_POSTGRES_STATE = """
SELECT 'role', rolname, concat(rolcanlogin, rolinherit, rolcreatedb, rolcreaterole, rolbypassrls) FROM pg_roles
WHERE rolname LIKE {like}
UNION ALL SELECT 'member', pg_get_userbyid(roleid), pg_get_userbyid(member) FROM pg_auth_members
  JOIN pg_roles r ON r.oid = member WHERE rolname LIKE {like}
UNION ALL SELECT 'setting', rolname, setconfig::text FROM pg_db_role_setting JOIN pg_roles r ON r.oid = setrole
  WHERE rolname LIKE {like}
UNION ALL SELECT 'schema', nspname, nspacl::text FROM pg_namespace WHERE nspname NOT LIKE 'pg%'
UNION ALL SELECT 'relation', oid::regclass::text, relacl::text FROM pg_class
  WHERE relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname LIKE 'my%')
UNION ALL SELECT 'default', defaclobjtype::text, defaclacl::text FROM pg_default_acl
ORDER BY 1, 2, 3
"""


class DeclaredInPostgres(DeclaredUser):
    """PostgreSQL."""

    engine: PostgresUnderTest
    stride = 7  # all or nothing: they are one transaction

    @property
    def database_name(self) -> str:
        """See DeclaredUser."""
        return f"declared {self.number}"

    @property
    def roles(self) -> dict[str, Any]:
        """See DeclaredUser."""
        return {"Owner": self.name("owner")}

    def open(self) -> None:
        """See DeclaredUser."""
        self.engine.run(f"CREATE DATABASE {identifier(self.database_name)} OWNER {MASTER}")

    def close(self) -> None:
        """See DeclaredUser."""
        self.engine.run(f"DROP DATABASE {identifier(self.database_name)} WITH (FORCE)")
        names = self.engine.run(f"SELECT rolname FROM pg_roles WHERE rolname LIKE {self._like}")
        if names:  # all at once: one may have granted another its membership
            self.engine.run(f"DROP ROLE {', '.join(identifier(name) for (name,) in names)}")

    @property
    def _like(self) -> str:
        return str(postgres_literal(f"{self.name('%')}%"))

    def quoted(self, name: str) -> str:
        """See DeclaredUser."""
        return str(identifier(name))

    def run(self, statement: str) -> Any:
        """See DeclaredUser."""
        with closing(self.engine.server.superuser_connection(self.database_name)) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute(self.written(statement))
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else None

    def exists(self, username: str) -> bool:
        """See DeclaredUser."""
        return bool(self.engine.run(f"SELECT 1 FROM pg_roles WHERE rolname = {postgres_literal(username)}"))

    def described(self) -> list[Any]:
        """See DeclaredUser."""
        return list(self.run(_POSTGRES_STATE.replace("{like}", self._like)))

    def grants_on(self, table: str, privilege: str = "SELECT") -> list[str]:
        """See DeclaredUser."""
        return [
            self.written("GRANT USAGE ON SCHEMA {} TO {grantee}"),
            self.written(f"GRANT {privilege} ON {{}}.{table} TO {{grantee}}"),
        ]

    def give_by_hand(self) -> None:
        """See DeclaredUser."""
        login, access, extra = (identifier(name) for name in (*self._holders, self.name("extra")))
        for statement in (
            f"CREATE ROLE {extra}",
            f"GRANT {extra} TO {MASTER} WITH ADMIN OPTION",
            "CREATE TABLE {}.by_hand (id integer)",
            "GRANT SELECT ON {}.by_hand TO " + login,
            "GRANT SELECT ON {}.by_hand TO " + access,
            "GRANT CREATE ON SCHEMA {} TO " + access,
            f"ALTER ROLE {login} CREATEDB CREATEROLE",
            f"ALTER ROLE {access} CREATEDB",
        ):
            self.run(statement)
        with closing(self.master()) as session:  # who else grants a membership, the master cannot take back
            for role in (login, access):
                session.verify(f"GRANT {extra} TO {role} WITH ADMIN OPTION")
            session.verify(f"GRANT {access} TO {login} WITH ADMIN OPTION")

    @property
    def _holders(self) -> tuple[str, str]:
        return self.current[0], self.pair.access_role

    forbidden_statement = "GRANT SELECT ON pg_authid TO {grantee}"

    def promote(self, username: str) -> None:
        """See DeclaredUser."""
        self.engine.run(f"GRANT rds_superuser TO {identifier(username)}")

    def everybody(self) -> list[Any]:
        """See DeclaredUser."""
        return list(self.engine.run("SELECT rolname FROM pg_roles ORDER BY 1"))

    def set_password(self, username: str, password: str) -> None:
        """See DeclaredUser."""
        self.engine.run(f"ALTER ROLE {identifier(username)} PASSWORD {postgres_literal(password)}")


_HASH = re.compile(r" (?:AS|USING) (?:'[^']*'|0x[0-9A-F]+)|PASSWORD '\*[0-9A-F]+'")


class DeclaredInMySqlFamily(DeclaredUser):
    """MySQL and MariaDB."""

    @property
    def database_name(self) -> None:
        """See DeclaredUser."""

    @property
    def roles(self) -> dict[str, Any]:
        """See DeclaredUser."""
        return {"Owner": None}

    def open(self) -> None:
        """See DeclaredUser: there is nothing yet."""

    def close(self) -> None:
        """See DeclaredUser."""
        for (name,) in self.run("SHOW DATABASES"):
            if name.endswith(f"'{self.number}"):
                self.run(f"DROP DATABASE {mysql_identifier(name)}")
        for user, host in self.run("SELECT User, Host FROM mysql.user"):
            if self.name("") in user:
                self.run(f"DROP {'USER' if host else 'ROLE'} {self._account(user, host)}")

    @staticmethod
    def _account(user: str, host: str = "%") -> str:
        return f"{literal(user)}@{literal(host)}" if host else literal(user)

    def quoted(self, name: str) -> str:
        """See DeclaredUser."""
        return mysql_identifier(name)

    def run(self, statement: str) -> Any:
        """See DeclaredUser."""
        return self.engine.run(self.written(statement))

    def exists(self, username: str) -> bool:
        """See DeclaredUser."""
        return bool(self.run(f"SELECT 1 FROM mysql.user WHERE User = {literal(username)}"))

    def described(self) -> list[Any]:
        """See DeclaredUser."""
        self.run("FLUSH PRIVILEGES")
        return [
            sorted(str(line) for query in ("SHOW GRANTS FOR", "SHOW CREATE USER") for line in self._said(query, login))
            for login in (self.username, self.alternate)
            if self.exists(login)
        ]

    def _said(self, query: str, login: str) -> list[str]:
        return [_HASH.sub("", row[0]) for row in self.run(f"{query} {self._account(login)}")]

    def grants_on(self, table: str, privilege: str = "SELECT") -> list[str]:
        """See DeclaredUser."""
        return [self.written(f"GRANT {privilege} ON {{}}.{table} TO {{grantee}}")]

    def give_by_hand(self) -> None:
        """See DeclaredUser."""
        account, role = self._account(self.current[0]), literal(self.name("extra"))
        other = mysql_identifier(f"other'{self.number}")
        for statement in (
            f"CREATE ROLE {role}",
            f"GRANT {role} TO {MASTER} WITH ADMIN OPTION",
            f"GRANT {role} TO {account} WITH ADMIN OPTION",
            "GRANT SELECT, CREATE ON {}.* TO " + account + " WITH GRANT OPTION",
            "CREATE TABLE {}.by_hand (id INT)",
            "GRANT SELECT, INSERT (id) ON {}.by_hand TO " + account,
            f"GRANT SELECT, PROCESS ON *.* TO {account}",
            f"CREATE DATABASE {other}",
            f"GRANT SELECT ON {other}.* TO {account}",
        ):
            self.run(statement)

    forbidden_statement = "GRANT FILE ON *.* TO {grantee}"

    def promote(self, username: str) -> None:
        """See DeclaredUser."""
        self.run(f"GRANT CREATE USER ON *.* TO {self._account(username)}")

    def everybody(self) -> list[Any]:
        """See DeclaredUser."""
        return list(self.run("SELECT User, Host FROM mysql.user ORDER BY 1, 2"))

    def set_password(self, username: str, password: str) -> None:
        """See DeclaredUser."""
        self.run(f"ALTER USER {self._account(username)} IDENTIFIED BY {literal(password)}")


def declare(engine: EngineUnderTest) -> DeclaredUser:
    """Return a user of a server, who is not made yet."""
    kind = DeclaredInPostgres if isinstance(engine, PostgresUnderTest) else DeclaredInMySqlFamily
    return kind(engine)

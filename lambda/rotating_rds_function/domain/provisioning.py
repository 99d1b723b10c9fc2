"""Users that a deployment declares: made, changed and removed, written against ports only.

CloudFormation repeats and reorders nothing, but it times out, and people deploy again: each request may be repeated.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self, TypeVar

from rotating_rds_function.domain.access import Level, UserAccess
from rotating_rds_function.domain.errors import BadEventError
from rotating_rds_function.domain.patience import Deadline, persist
from rotating_rds_function.domain.staged import StagedValues
from rotating_rds_function.domain.strategies.logins import log_in_as_administrator, logs_in
from rotating_rds_function.domain.targets import Administrator, Declaration
from rotating_rds_function.domain.wording import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rotating_rds_function.domain.credentials import SecretValue
    from rotating_rds_function.domain.ports import Clock, Database, DatabaseSession, SecretStore
    from rotating_rds_function.domain.targets import Deployment, Target

_REMEDY = "deploy the user with the DatabaseUser of rotating_rds, which writes these properties"


Choice = TypeVar("Choice", bound=StrEnum)


class Kind(StrEnum):
    """What CloudFormation asks for."""

    CREATE = "Create"
    UPDATE = "Update"
    DELETE = "Delete"


class Removal(StrEnum):
    """What becomes of a user whose declaration is removed."""

    RETAIN = "retain"
    DROP = "drop"


@dataclass(frozen=True)
class ProvisionRequest:
    """A request of CloudFormation, as the Provider framework hands it on.

    :param secret_id: ARN of the user's secret.
    :param declaration: whom it is about, and where.
    :param owner: role that owns schemas, on an engine where roles own them.
    """

    kind: Kind
    secret_id: str
    declaration: Declaration
    owner: str
    schemas: Mapping[str, Level]
    statements: tuple[str, ...]
    removal: Removal

    @classmethod
    def parse(cls, event: object) -> Self:
        """Read the event of an invocation; keys that are not needed are ignored.

        :raises BadEventError: if it is no request about a user.
        """
        if not isinstance(event, dict) or not isinstance(event.get("ResourceProperties"), dict):
            raise BadEventError(f"The event has no ResourceProperties: {_REMEDY}.")
        properties: dict[str, Any] = event["ResourceProperties"]
        username = _text(properties, "Username")
        return cls(
            kind=_one_of(Kind, event, "RequestType"),
            secret_id=_text(properties, "Secret"),
            declaration=Declaration(
                database=_text(properties, "Database"),
                engine=_text(properties, "Engine"),
                username=username,
                alternate_username=_text(properties, "AlternateUsername", default="") or None,
                administrator=Administrator(
                    _text(properties, "Administrator"), _text(properties, "AdministratorUsername")
                ),
                access_role=_text(properties, "AccessRole", default=f"{username}_access"),
            ),
            owner=_text(properties, "Owner", default=""),
            schemas=_schemas(properties.get("Schemas", {})),
            statements=_statements(properties.get("Statements", [])),
            removal=_one_of(Removal, properties, "Removal"),
        )

    @property
    def physical_id(self) -> str:
        """The user's name for CloudFormation: under another one it is another user, and the old one is removed."""
        return f"{self.declaration.database}/{self.declaration.username}"


@dataclass
class ProvisionProgress:
    """What is known about a request while it is carried out, so that a failure can be reported with it."""

    target: Target | None = None
    attempts: int = 0


@dataclass(frozen=True)
class Provisioning:
    """Carries out requests.

    :param store: where secrets live.
    :param deployment: which databases there are.
    :param connect: opens the database of a target.
    """

    store: SecretStore
    deployment: Deployment
    connect: Callable[[Target], Database]
    clock: Clock
    deadline: Deadline

    def run(self, request: ProvisionRequest, progress: ProvisionProgress) -> None:
        """Carry out a request, repeating it while a repetition may help and time is left.

        :raises RotationError: with the cause of the last failure.
        """
        if request.kind is Kind.DELETE and request.removal is Removal.RETAIN:
            return
        persist(lambda: self._attempt(request, progress), clock=self.clock, deadline=self.deadline)

    def _attempt(self, request: ProvisionRequest, progress: ProvisionProgress) -> None:
        progress.attempts += 1
        target = progress.target = self.deployment.declared(request.declaration)
        values = StagedValues(self.store, request.secret_id, "", target)
        database = self.connect(target)
        (_remove if request.kind is Kind.DELETE else _provide)(request, values, database)


def _provide(request: ProvisionRequest, values: StagedValues, database: Database) -> None:
    """Make the user what it is declared to be; its password, if it had none or another one, comes last."""
    current = values.current()
    with closing(_administer(values, database)) as session:
        session.check_administrator(current.username, None)
        session.lock(values.target.username)
        made = session.provision(_access(request, values.target, first=current))
        if made or not logs_in(database, current):
            session.replace_password(current.username, current.password)
        else:
            session.commit()
    with closing(database.login(current.username, current.password)) as session:
        session.verify(None)


def _remove(request: ProvisionRequest, values: StagedValues, database: Database) -> None:
    with closing(_administer(values, database)) as session:
        session.lock(values.target.username)
        session.remove(_access(request, values.target))
        session.commit()


def _administer(values: StagedValues, database: Database) -> DatabaseSession:
    """Return the administrator's session, once it is sure that the user is none that it must not touch."""
    session = log_in_as_administrator(database, values.administrator())
    try:
        for login in values.target.logins:
            session.refuse_protected(login)
    except BaseException:
        session.close()
        raise
    return session


def _access(request: ProvisionRequest, target: Target, first: SecretValue | None = None) -> UserAccess:
    """Return what the user may do; its login that is in use comes first, for that one has to exist."""
    in_use = first.username if first else target.username
    logins = sorted(target.logins, key=lambda login: login != in_use)
    return UserAccess(request.owner, target.access_role, tuple(logins), request.schemas, request.statements)


def _text(properties: Mapping[str, Any], key: str, *, default: str | None = None) -> str:
    value = properties.get(key, default)
    if not isinstance(value, str) or (not value and default is None):
        received = "no" if key not in properties else f"{shown(type(value).__name__)} as"
        raise BadEventError(f"The request has {received} {key} where a text was expected: {_REMEDY}.")
    return value


def _one_of(kind: type[Choice], properties: Mapping[str, Any], key: str) -> Choice:
    value = _text(properties, key)
    if value not in set(kind):
        raise BadEventError(f"{key} {shown(value)} is unknown: use one of {', '.join(kind)}.")
    return kind(value)


def _schemas(written: object) -> dict[str, Level]:
    if not isinstance(written, dict) or not all(level in set(Level) for level in written.values()):
        raise BadEventError(f"Schemas is no object of schema to one of {', '.join(Level)}: {_REMEDY}.")
    return {str(schema): Level(level) for schema, level in written.items()}


def _statements(written: object) -> tuple[str, ...]:
    if not isinstance(written, list) or not all(isinstance(statement, str) for statement in written):
        raise BadEventError(f"Statements is no list of texts: {_REMEDY}.")
    return tuple(written)

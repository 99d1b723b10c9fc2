"""What a secret's rotation is about, as the deployment says it: tags on the secret, endpoints in the environment.

The secret's value is never asked: who may write a value could otherwise point a rotation at another server or user.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from rotating_rds_function.domain import tags as tag
from rotating_rds_function.domain.errors import ConfigurationError, RefusedError
from rotating_rds_function.domain.wording import shown

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping

    from rotating_rds_function.domain.declarations import Declaration
    from rotating_rds_function.domain.endpoints import Endpoint
    from rotating_rds_function.domain.strategies import Strategy

CLONED: Final = "cloned"
PROVISIONED: Final = "provisioned"
DAY: Final = 86_400


class Engine(NamedTuple):
    """What is known of a database engine before anything connects.

    :param name: as the deployment writes it.
    :param spellings: what a secret's value may call it, the engine's name among them.
    :param reserved: the names of users that belong to the service or to the engine.
    :param reserved_schemas: the names of schemas that do; of databases, where the engine makes no difference.
    :param has_owners: whether roles own what is in a schema, and hold privileges for logins.
    """

    name: str
    spellings: frozenset[str]
    reserved: re.Pattern[str]
    reserved_schemas: re.Pattern[str]
    has_owners: bool


class Administrator(NamedTuple):
    """Who changes the passwords of others.

    :param secret_id: ARN of the secret with their credential.
    :param username: the user that this secret must name.
    """

    secret_id: str
    username: str


class Pair(NamedTuple):
    """Two logins of one user, as one rotation sees them.

    :param model: the login of AWSCURRENT.
    :param twin: the login that takes over, and has to be able to do exactly the same.
    :param access_role: on PostgreSQL the role through which both get their privileges.
    """

    model: str
    twin: str
    access_role: str


@dataclass(frozen=True)
class Target:
    """Whose password is rotated, how and where.

    :param database: id of the database, as the deployment names it.
    :param engine: name of the database engine.
    :param strategy: name of the rotation strategy; empty where nothing is rotated.
    :param username: the user, decoded.
    :param endpoint: where to connect to.
    :param engine_spellings: what a value may call the engine; its name alone by default.
    :param alternate_username: the second login of a pair; None for a user with one login.
    :param administrator: None where the user changes its own password.
    :param pair_is_provisioned: the pair was made by somebody else, and is only checked.
    :param access_role: see Pair; `<username>_access` by default.
    :param retain_for: seconds for which an engine with secondary passwords keeps the old one after a rotation.
    :param test_query: what testSecret runs as the user; a harmless one by default.
    """

    database: str
    engine: str
    strategy: str
    username: str
    endpoint: Endpoint
    engine_spellings: frozenset[str] = frozenset()
    alternate_username: str | None = None
    administrator: Administrator | None = None
    pair_is_provisioned: bool = False
    access_role: str = ""
    retain_for: int = DAY
    test_query: str | None = field(default=None, repr=False)

    @property
    def logins(self) -> tuple[str, ...]:
        """The user names that a value of the secret may carry."""
        return (self.username,) if self.alternate_username is None else (self.username, self.alternate_username)

    def spells(self, engine: object) -> bool:
        """Tell whether a value that calls the engine so means this one."""
        return engine == self.engine or engine in self.engine_spellings

    def pair(self, model: str) -> Pair:
        """Return the pair as it is while *model* is the login of AWSCURRENT."""
        (twin,) = (login for login in self.logins if login != model)
        return Pair(model=model, twin=twin, access_role=self.access_role)


class Deployment(NamedTuple):
    """What the function was deployed for.

    :param endpoints: database id to its endpoint.
    :param engines: the engines that have an adapter, by name.
    :param strategies: the strategies that exist, by name.
    """

    endpoints: Mapping[str, Endpoint]
    engines: Mapping[str, Engine]
    strategies: Mapping[str, Strategy]

    def target(self, tags: Mapping[str, str]) -> Target:
        """Read the tags of a secret.

        :raises ConfigurationError: if a tag is missing, or names what this function was not deployed for.
        :raises RefusedError: if they name a user whose password is not ours to change.
        """
        database = tag.one_of(tags, tag.DATABASE_TAG, "database", self.endpoints)
        engine = self.engines[tag.one_of(tags, tag.ENGINE_TAG, "engine", self.engines)]
        name = tag.one_of(tags, tag.STRATEGY_TAG, "strategy", self.strategies)
        strategy = self.strategies[name]
        username = tag.text(tags, tag.USERNAME_TAG)
        target = Target(
            database=database,
            engine=engine.name,
            strategy=name,
            username=username,
            endpoint=self.endpoints[database],
            engine_spellings=engine.spellings,
            alternate_username=tag.text(tags, tag.ALTERNATE_USERNAME_TAG) if strategy.alternates else None,
            administrator=_administrator(tags) if strategy.administered else None,
            pair_is_provisioned=_pair_is_provisioned(tags),
            access_role=_optional(tags, tag.ACCESS_ROLE_TAG) or f"{username}_access",
            retain_for=tag.seconds(tags, tag.RETAIN_FOR_TAG, default=DAY),
            test_query=_optional(tags, tag.TEST_QUERY_TAG),
        )
        _refuse_names(target, engine)
        return target

    def declared(self, user: Declaration) -> Target:
        """Return whom a declaration means, and where.

        :raises ConfigurationError: if it names what this function was not deployed for.
        :raises RefusedError: if it names users or schemas that are not ours to change.
        """
        engine, endpoint = self.engines.get(user.engine), self.endpoints.get(user.database)
        if engine is None or endpoint is None:
            raise ConfigurationError(
                f"The user {shown(user.username)} is declared for the database {shown(user.database)} on "
                f"{shown(user.engine)}, which this function was not deployed for (it knows the databases "
                f"{', '.join(sorted(self.endpoints))} and the engines {', '.join(sorted(self.engines))}): "
                "deploy the function again, together with its databases."
            )
        _check_owner(user, engine)
        target = Target(
            database=user.database,
            engine=engine.name,
            strategy="",
            username=user.username,
            endpoint=endpoint,
            engine_spellings=engine.spellings,
            alternate_username=user.alternate_username,
            administrator=user.administrator,
            access_role=user.access_role if engine.has_owners else "",
        )
        _refuse_names(target, engine, user.owner)
        _refuse_schemas(user, engine)
        return target


def _administrator(tags: Mapping[str, str]) -> Administrator:
    return Administrator(tag.text(tags, tag.ADMINISTRATOR_TAG), tag.text(tags, tag.ADMINISTRATOR_USERNAME_TAG))


def _pair_is_provisioned(tags: Mapping[str, str]) -> bool:
    return tag.one_of(tags, tag.PAIR_TAG, "pair", (CLONED, PROVISIONED), default=CLONED) == PROVISIONED


def _optional(tags: Mapping[str, str], key: str) -> str | None:
    return tag.text(tags, key) if key in tags else None


def _check_owner(user: Declaration, engine: Engine) -> None:
    if bool(user.owner) is engine.has_owners:
        return
    received = f"the Owner {shown(user.owner)} where none" if user.owner else "no Owner where the role"
    raise ConfigurationError(
        f"The declaration of the user {shown(user.username)} names {received} owns the schemas of a database on "
        f"{engine.name}: deploy the user by database.add_user()."
    )


def _refuse_schemas(user: Declaration, engine: Engine) -> None:
    for schema in user.schemas:
        if engine.reserved_schemas.fullmatch(schema):
            raise RefusedError(
                f"The schema {shown(schema)} belongs to Amazon RDS or to {engine.name} itself: "
                "no level is given on it; declare what has to be granted as statements."
            )


def _refuse_names(target: Target, engine: Engine, owner: str = "") -> None:
    """Refuse users whose password is not ours to change, or who cannot be told apart."""
    roles = [name for name in (target.access_role, owner) if name]
    for login in (*target.logins, *roles):
        if engine.reserved.fullmatch(login):
            raise RefusedError(
                f"The user {shown(login)} belongs to Amazon RDS or to {engine.name} itself: "
                "its password is not rotated; deploy a user of your own."
            )
        if target.administrator is not None and login == target.administrator.username:
            raise RefusedError(
                f"The user {shown(login)} is the administrator who changes passwords, and cannot be the target as "
                "well: rotate it in its own secret with the strategy single_user."
            )
    names = [*target.logins, *roles]
    if len(set(names)) < len(names):
        raise ConfigurationError(
            f"The logins of a user, and the roles behind them, need different names, and are "
            f"{', '.join(map(shown, names))}: deploy different ones."
        )

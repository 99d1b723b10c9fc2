"""What a secret's rotation is about, as the deployment says it: tags on the secret, endpoints in the environment.

The secret's value is never asked: who may write a value could otherwise point a rotation at another server or user.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rotating_rds_function.domain.errors import ConfigurationError
from rotating_rds_function.domain.wording import shown

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from rotating_rds_function.domain.endpoints import Endpoint

DATABASE_TAG: Final = "rotating-rds:database"
ENGINE_TAG: Final = "rotating-rds:engine"
STRATEGY_TAG: Final = "rotating-rds:strategy"
USERNAME_TAG: Final = "rotating-rds:username"

_ENCODED = re.compile(r"(?:[A-Za-z0-9 +\-._:/@]|=[0-9A-F]{2})+")
_REMEDY = "deploy the stack again, which writes the tags of the secret."


@dataclass(frozen=True)
class Target:
    """Whose password is rotated, how and where.

    :param database: id of the database, as the deployment names it.
    :param engine: name of the database engine.
    :param strategy: name of the rotation strategy.
    :param username: the user, decoded.
    :param endpoint: where to connect to.
    """

    database: str
    engine: str
    strategy: str
    username: str
    endpoint: Endpoint


@dataclass(frozen=True)
class Deployment:
    """What the function was deployed for.

    :param endpoints: database id to its endpoint.
    :param engines: names of the engines that have an adapter.
    :param strategies: names of the strategies that exist.
    """

    endpoints: Mapping[str, Endpoint]
    engines: Collection[str]
    strategies: Collection[str]

    def target(self, tags: Mapping[str, str]) -> Target:
        """Read the tags of a secret.

        :raises ConfigurationError: if a tag is missing, or names what this function was not deployed for.
        """
        database = _tag(tags, DATABASE_TAG)
        return Target(
            database=_known(database, self.endpoints, "database", DATABASE_TAG),
            engine=_known(_tag(tags, ENGINE_TAG), self.engines, "engine", ENGINE_TAG),
            strategy=_known(_tag(tags, STRATEGY_TAG), self.strategies, "strategy", STRATEGY_TAG),
            username=decode_tag(_tag(tags, USERNAME_TAG)),
            endpoint=self.endpoints[database],
        )


def decode_tag(encoded: str) -> str:
    """Undo the encoding that lets any user name be the value of a tag: `=XX` is one byte of UTF-8.

    :raises ConfigurationError: if *encoded* is not such an encoding.
    """
    if not _ENCODED.fullmatch(encoded):
        raise ConfigurationError(f"The tag {USERNAME_TAG} is {shown(encoded)}, which is not tag-encoded: {_REMEDY}")
    raw = re.sub(rb"=([0-9A-F]{2})", lambda found: bytes.fromhex(found[1].decode("ascii")), encoded.encode("ascii"))
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        pass
    raise ConfigurationError(f"The tag {USERNAME_TAG} is {shown(encoded)}, which decodes to no UTF-8: {_REMEDY}")


def _tag(tags: Mapping[str, str], key: str) -> str:
    if not tags.get(key):
        raise ConfigurationError(f"The secret has no tag {key}: {_REMEDY}")
    return tags[key]


def _known(name: str, names: Collection[str], kind: str, key: str) -> str:
    if name not in names:
        raise ConfigurationError(
            f"The tag {key} names the {kind} {shown(name)}, which this function does not know "
            f"(it knows {', '.join(sorted(names))}): {_REMEDY}"
        )
    return name

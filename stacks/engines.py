"""The engines that environments may name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from aws_cdk import aws_rds as rds

from rotating_rds import Engine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MAJOR = r"(?P<major>\d+)(\.\d+)?"
_TWO_NUMBERS = r"(?P<major>\d+\.\d+)(\.\d+)?"
_AURORA_MYSQL = r"(?P<major>\d+\.\d+)\.mysql_aurora\.\d+\.\d+\.\d+"


@dataclass(frozen=True, kw_only=True)
class EngineChoice:
    """An engine, as environments name it.

    :param make: returns the engine in a version, given its full and its major number.
    :param version: pattern of its versions, as RDS names them.
    :param example: such a version.
    :param is_cluster: whether its servers are a cluster.
    """

    make: Callable[[str, str], Engine]
    version: str
    example: str
    is_cluster: bool = False

    def takes(self, version: str) -> bool:
        """Tell whether that is how RDS names a version of this engine."""
        return re.fullmatch(self.version, version) is not None

    def of(self, version: str) -> Engine:
        """Return the engine in a version that it takes.

        :raises DeclarationError: if the library does not rotate it.
        """
        match = re.fullmatch(self.version, version)
        assert match is not None, version  # noqa: S101  # the settings were checked
        return self.make(version, match["major"])


ENGINES: Mapping[str, EngineChoice] = MappingProxyType(
    {
        "postgres": EngineChoice(
            make=lambda full, major: Engine.postgres(rds.PostgresEngineVersion.of(full, major)),
            version=_MAJOR,
            example="18",
        ),
        "mysql": EngineChoice(
            make=lambda full, major: Engine.mysql(rds.MysqlEngineVersion.of(full, major)),
            version=_TWO_NUMBERS,
            example="8.4",
        ),
        "mariadb": EngineChoice(
            make=lambda full, major: Engine.mariadb(rds.MariaDbEngineVersion.of(full, major)),
            version=_TWO_NUMBERS,
            example="11.4",
        ),
        "aurora-postgres": EngineChoice(
            make=lambda full, major: Engine.aurora_postgres(rds.AuroraPostgresEngineVersion.of(full, major)),
            version=_MAJOR,
            example="17.5",
            is_cluster=True,
        ),
        "aurora-mysql": EngineChoice(
            make=lambda full, major: Engine.aurora_mysql(rds.AuroraMysqlEngineVersion.of(full, major)),
            version=_AURORA_MYSQL,
            example="8.0.mysql_aurora.3.10.0",
            is_cluster=True,
        ),
    }
)

"""Database engines: what differs between them, one factory each."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from aws_cdk import aws_rds as rds

from rotating_rds.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Mapping

# Every scanner's list of user names that attackers try first.
_GUESSABLE = frozenset({"admin", "administrator", "master", "postgres", "root", "user"})


@dataclass(frozen=True, kw_only=True)
class Engine:
    """A database engine in a version; made by a factory such as :meth:`postgres`.

    :param name: the engine as the rotation function knows it.
    :param port: TCP port the database listens on.
    :param forced_tls: parameters that make the server refuse plaintext connections.
    :param log_exports: logs that are exported to CloudWatch.
    :param reserved: pattern of the names that belong to RDS or to the engine itself.
    :param username_limit: longest user name, in bytes.
    :param master_username_limit: longest name of a master user.
    :param has_schemas: whether a database holds schemas (PostgreSQL), instead of being one.
    :param retains_passwords: whether a user can have two passwords that both log in.
    """

    name: str
    port: int
    forced_tls: Mapping[str, str]
    log_exports: tuple[str, ...]
    reserved: str = field(repr=False)
    username_limit: int
    master_username_limit: int
    has_schemas: bool = False
    retains_passwords: bool = False

    @classmethod
    def postgres(cls, version: rds.PostgresEngineVersion) -> InstanceEngine:
        """Return PostgreSQL.

        :param version: for example `rds.PostgresEngineVersion.VER_17`.
        """
        return InstanceEngine(
            **_POSTGRES,
            log_exports=("postgresql", "upgrade"),
            instance_engine=rds.DatabaseInstanceEngine.postgres(version=version),
        )

    @classmethod
    def mysql(cls, version: rds.MysqlEngineVersion) -> InstanceEngine:
        """Return MySQL 8 or newer.

        :param version: for example `rds.MysqlEngineVersion.VER_8_4_3`.
        :raises DeclarationError: before 8.0, which knows no secondary passwords.
        """
        if version.mysql_major_version.startswith("5."):
            raise DeclarationError(
                f"MySQL {version.mysql_full_version} is not rotated by this library: choose 8.0 or newer."
            )
        return InstanceEngine(
            **_MYSQL,
            forced_tls=MappingProxyType({"require_secure_transport": "1"}),
            log_exports=("error", "slowquery"),
            instance_engine=rds.DatabaseInstanceEngine.mysql(version=version),
        )

    @classmethod
    def mariadb(cls, version: rds.MariaDbEngineVersion) -> InstanceEngine:
        """Return MariaDB 10.6 or newer.

        :param version: for example `rds.MariaDbEngineVersion.VER_10_11`.
        :raises DeclarationError: before 10.6, which the rotation function does not know.
        """
        if _numbers(version.maria_db_major_version) < _OLDEST_MARIADB:
            raise DeclarationError(
                f"MariaDB {version.maria_db_full_version} is not rotated by this library: choose 10.6 or newer."
            )
        return InstanceEngine(
            name="mariadb",
            port=3306,
            forced_tls=MappingProxyType({"require_secure_transport": "1"}),
            log_exports=("error", "slowquery"),
            reserved=r"rdsadmin|rdsrepladmin|rds_.*|mariadb\..*|root",
            username_limit=80,
            master_username_limit=16,
            instance_engine=rds.DatabaseInstanceEngine.maria_db(version=version),
        )

    @classmethod
    def aurora_postgres(cls, version: rds.AuroraPostgresEngineVersion) -> ClusterEngine:
        """Return Aurora PostgreSQL.

        :param version: for example `rds.AuroraPostgresEngineVersion.VER_16_6`.
        """
        return ClusterEngine(
            **_POSTGRES,
            log_exports=("postgresql",),
            cluster_engine=rds.DatabaseClusterEngine.aurora_postgres(version=version),
        )

    @classmethod
    def aurora_mysql(cls, version: rds.AuroraMysqlEngineVersion) -> ClusterEngine:
        """Return Aurora MySQL 3, which is compatible with MySQL 8.

        :param version: for example `rds.AuroraMysqlEngineVersion.VER_3_08_0`.
        :raises DeclarationError: before 3, which knows no secondary passwords.
        """
        if not version.aurora_mysql_major_version.startswith("8."):
            raise DeclarationError(
                f"Aurora MySQL {version.aurora_mysql_full_version} is not rotated by this library: choose version 3."
            )
        return ClusterEngine(
            **_MYSQL,
            forced_tls=MappingProxyType({"require_secure_transport": "ON"}),
            log_exports=("audit", "error", "slowquery"),
            cluster_engine=rds.DatabaseClusterEngine.aurora_mysql(version=version),
        )

    def check_master_username(self, username: str) -> str:
        """Return *username* if RDS takes it and attackers do not try it first.

        :raises DeclarationError: otherwise.
        """
        if username.lower() in _GUESSABLE:
            raise DeclarationError(
                f"master_username {username!r} is among the names that attackers try first: choose one of your own, "
                "such as 'dbadmin'."
            )
        if self.is_reserved(username):
            raise DeclarationError(
                f"master_username {username!r} is reserved on {self.name}: choose another, such as 'dbadmin'."
            )
        limit = self.master_username_limit
        if not re.fullmatch(rf"[A-Za-z][A-Za-z0-9_]{{0,{limit - 1}}}", username):
            raise DeclarationError(
                f"master_username {username!r} is refused by RDS: choose 1 to {limit} letters, digits and underscores "
                "that begin with a letter."
            )
        return username

    def is_reserved(self, username: str) -> bool:
        """Tell whether a name belongs to RDS or to the engine itself."""
        return re.fullmatch(self.reserved, username, re.IGNORECASE) is not None


@dataclass(frozen=True, kw_only=True)
class InstanceEngine(Engine):
    """An engine of DB instances.

    :param instance_engine: the engine as RDS knows it.
    """

    instance_engine: rds.IInstanceEngine


@dataclass(frozen=True, kw_only=True)
class ClusterEngine(Engine):
    """An engine of Aurora clusters.

    :param cluster_engine: the engine as RDS knows it.
    """

    cluster_engine: rds.IClusterEngine


def check_engine(engine: object, kind: type[Engine], *factories: str) -> None:
    """Refuse what is no engine of a kind, such as one of `aws_rds` itself.

    :param factories: the factories that make one.
    :raises DeclarationError: otherwise.
    """
    if not isinstance(engine, kind):
        named = engine.name if isinstance(engine, Engine) else engine
        given = named if isinstance(named, str) else type(named).__name__
        choices = " or ".join(f"Engine.{factory}(...)" for factory in factories)
        raise DeclarationError(
            f"engine is {given!r}, which does not rotate here: choose {choices}; of other engines "
            "(Oracle, SQL Server, Db2) this library rotates none."
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


_OLDEST_MARIADB: Final = (10, 6)

# Reserved names. Source: "Master user account privileges" in the Amazon RDS User Guide for rdsadmin and its kin,
# "Predefined roles" in PostgreSQL's manual, "Reserved accounts" in MySQL's, "mariadb.sys" in MariaDB's. Limits of
# master names: "MasterUsername" of CreateDBInstance in the RDS API reference.
_POSTGRES: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "name": "postgres",
        "port": 5432,
        "forced_tls": MappingProxyType({"rds.force_ssl": "1"}),
        "reserved": r"rdsadmin|rdsrepladmin|rdstopmgr|rds_.*|pg_.*",
        "username_limit": 63,
        "master_username_limit": 63,
        "has_schemas": True,
    }
)
_MYSQL: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "name": "mysql",
        "port": 3306,
        "reserved": r"rdsadmin|rdsrepladmin|rds_.*|mysql\..*|root",
        "username_limit": 32,
        "master_username_limit": 16,
        "retains_passwords": True,
    }
)

"""Database engines: what differs between them, one factory each."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

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
    :param instance_engine: the engine as RDS knows it.
    :param port: TCP port the database listens on.
    :param forced_tls: parameters that make the server refuse plaintext connections.
    :param log_exports: logs that are exported to CloudWatch.
    :param reserved_usernames: names that RDS refuses for a master user.
    :param username_limit: longest user name, in bytes.
    """

    name: str
    instance_engine: rds.IInstanceEngine
    port: int
    forced_tls: Mapping[str, str]
    log_exports: tuple[str, ...]
    reserved_usernames: frozenset[str] = field(repr=False)
    username_limit: int

    @classmethod
    def postgres(cls, version: rds.PostgresEngineVersion) -> Engine:
        """Return PostgreSQL.

        :param version: for example `rds.PostgresEngineVersion.VER_17`.
        """
        return cls(
            name="postgres",
            instance_engine=rds.DatabaseInstanceEngine.postgres(version=version),
            port=5432,
            forced_tls=MappingProxyType({"rds.force_ssl": "1"}),
            log_exports=("postgresql", "upgrade"),
            reserved_usernames=frozenset({"rdsadmin", "rdsrepladmin", "rds_superuser", "rds_replication"}),
            username_limit=63,
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
        if username.lower() in self.reserved_usernames or username.lower().startswith("pg_"):
            raise DeclarationError(
                f"master_username {username!r} is reserved on {self.name}: choose another, such as 'dbadmin'."
            )
        if not re.fullmatch(rf"[A-Za-z][A-Za-z0-9_]{{0,{self.username_limit - 1}}}", username):
            raise DeclarationError(
                f"master_username {username!r} is refused by RDS: choose 1 to {self.username_limit} letters, digits "
                "and underscores that begin with a letter."
            )
        return username

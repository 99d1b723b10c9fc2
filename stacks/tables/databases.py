"""Databases: servers, their size, what becomes of their data."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from stacks.engines import ENGINES
from stacks.tables.consumers import Consumer
from stacks.tables.rotations import MasterRotation
from stacks.tables.table import LogRetention, Table
from stacks.tables.users import User

if TYPE_CHECKING:
    from collections.abc import Mapping

# What a server of the other kind has not.
_INSTANCE: Final = frozenset({"multi_az", "allocated_storage_gib", "max_allocated_storage_gib"})
_CLUSTER: Final = frozenset({"readers", "min_capacity", "max_capacity"})
FOREIGN_KEYS: Mapping[str, frozenset[str]] = MappingProxyType(
    {name: _INSTANCE if engine.is_cluster else _CLUSTER for name, engine in ENGINES.items()}
)


def _engine(value: str) -> str:
    if value not in ENGINES:
        raise ValueError(f"{value!r} does not rotate here: choose one of {', '.join(ENGINES)}.")
    return value


class Defaults(Table):
    """What databases have in common: a database's own key goes before the one here.

    The network's flow log is kept as long as databases' logs are, and removed as databases are.

    Instances (`postgres`, `mysql`, `mariadb`) have *multi_az* and storage; Aurora clusters have *readers* and, unless
    *instance_type* is given, a capacity between which their serverless instances scale.
    """

    instance_type: str | None = Field(
        default=None, pattern=r"^[a-z0-9]+\.[a-z0-9]+$", description="an instance type such as 't4g.medium'"
    )
    multi_az: bool = Field(default=True, description="true or false")
    allocated_storage_gib: int = Field(default=20, ge=20, le=65536, description="20 to 65536 (GiB)")
    max_allocated_storage_gib: int = Field(default=100, ge=22, le=65536, description="22 to 65536 (GiB)")
    readers: int = Field(default=1, ge=0, le=15, description="0 to 15")
    min_capacity: float = Field(default=0.5, ge=0, le=256, multiple_of=0.5, description="0 to 256 in steps of 0.5")
    max_capacity: float = Field(default=4.0, ge=1, le=256, multiple_of=0.5, description="1 to 256 in steps of 0.5")
    master_username: str = Field(default="dbadmin", description="a user name")
    rotation: MasterRotation = Field(default=MasterRotation(), description="a table of rotation")
    backup_retention_days: int = Field(default=7, ge=1, le=35, description="1 to 35 (days)")
    removal: Literal["destroy", "snapshot", "retain"] = Field(
        default="retain", description="'destroy', 'snapshot' or 'retain'"
    )
    deletion_protection: bool | None = Field(
        default=None, description="true or false, or no key to protect what is not destroyed"
    )
    log_retention_days: LogRetention = 365
    monitoring_interval_seconds: Literal[0, 1, 5, 10, 15, 30, 60] = Field(
        default=0, description="0 for none, 1, 5, 10, 15, 30 or 60"
    )
    performance_insights: bool = Field(default=False, description="true or false")


class Replica(Table):
    """A region in which a copy of each credential is, under AWS's own key there unless *key_arn* is given."""

    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$", description="a region such as 'eu-central-1'")
    key_arn: str | None = Field(
        default=None,
        pattern=r"^arn:aws[\w-]*:kms:[\w-]+:\d{12}:key/[\w-]+$",
        description="the ARN of a key of that region",
    )

    @model_validator(mode="after")
    def _key_of_the_region(self) -> Self:
        if self.key_arn is not None and f":kms:{self.region}:" not in self.key_arn:
            raise ValueError(f"key_arn = {self.key_arn!r} is no key of {self.region!r}: give one of that region.")
        return self


class Database(Defaults):
    """One database: a stack of its own, with its users and their consumers."""

    name: str = Field(
        pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=30, description="lower-case letters, digits and hyphens"
    )
    engine: Annotated[str, AfterValidator(_engine)] = Field(description=f"one of {', '.join(ENGINES)}")
    engine_version: str = Field(description="a version as RDS names it, in quotes, such as '18'")
    database_name: str | None = Field(
        default=None,
        pattern=r"^[a-z][a-z0-9_]{0,62}$",
        description="lower-case letters, digits and underscores, or no key for the database's name",
    )
    replicas: Annotated[tuple[Replica, ...], Field(strict=False)] = Field(
        default=(), description="a list of tables with region, and perhaps key_arn"
    )
    users: Annotated[tuple[User, ...], Field(strict=False)] = Field(
        default=(), description="[[databases.users]] tables"
    )
    consumers: Annotated[tuple[Consumer, ...], Field(strict=False)] = Field(
        default=(), description="a list of tables with name and compute, or name and role"
    )

    @model_validator(mode="after")
    def _version_of_the_engine(self) -> Self:
        if not ENGINES[self.engine].takes(self.engine_version):
            raise ValueError(
                f"engine_version = {self.engine_version!r} is no version of {self.engine!r}: give one as RDS names it, "
                f"such as '{ENGINES[self.engine].example}'."
            )
        return self

    @model_validator(mode="after")
    def _keys_of_the_engine(self) -> Self:
        for key in sorted(FOREIGN_KEYS[self.engine] & self.model_fields_set):
            raise ValueError(
                f"{key} = {getattr(self, key)!r} is nothing that {self.engine!r} has: leave it out, or choose an "
                "engine that has it."
            )
        return self

    @model_validator(mode="after")
    def _room_to_grow(self) -> Self:
        # RDS asks for at least 10 % between the two.
        if self.max_allocated_storage_gib * 10 < self.allocated_storage_gib * 11:
            raise ValueError(
                f"max_allocated_storage_gib = {self.max_allocated_storage_gib} leaves no room above "
                f"allocated_storage_gib = {self.allocated_storage_gib}: give at least a tenth more."
            )
        if self.max_capacity < self.min_capacity:
            raise ValueError(
                f"max_capacity = {self.max_capacity} is below min_capacity = {self.min_capacity}: give at least that."
            )
        return self

    @model_validator(mode="after")
    def _names_apart(self) -> Self:
        """Refuse what would be one construct or one output for two things."""
        for owner, tables in (("users", self.users), ("consumers", self.consumers)):
            check_apart(owner, [table.name for table in tables])
        for number, user in enumerate(self.users):
            check_apart(f"users[{number}].consumers", [consumer.name for consumer in user.consumers])
        return self

    @property
    def is_protected(self) -> bool:
        """Whether RDS and CloudFormation refuse to delete it."""
        return self.removal != "destroy" if self.deletion_protection is None else self.deletion_protection


def check_apart(owner: str, names: list[str]) -> None:
    """Refuse names that are the same but for hyphens and underscores.

    :raises ValueError: that names one of them.
    """
    seen: set[str] = set()
    for name in names:
        if (plain := name.replace("-", "").replace("_", "")) in seen:
            raise ValueError(f"{owner} names {name!r} twice, or another that differs in hyphens only: rename one.")
        seen.add(plain)

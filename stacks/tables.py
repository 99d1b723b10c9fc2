"""The tables of `environments/<name>.toml`: what may be written there, and what is meant where it is not.

Each field's description completes the sentence "give ...", with which a value is refused.
"""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from rotating_rds import Schedule
from stacks.choices import LOG_RETENTIONS


def _network(value: str) -> str:
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError as error:
        raise ValueError(f"{value!r} is no IPv4 network ({error}): give one such as '10.20.0.0/16'.") from None
    if not 16 <= network.prefixlen <= 24:  # noqa: PLR2004  # a VPC's largest; room for two subnets
        raise ValueError(f"{value!r} is refused: choose a prefix length from 16 to 24.")
    return value


def _log_retention(value: int) -> int:
    if value not in LOG_RETENTIONS:
        raise ValueError(f"{value} days is refused: choose one of {', '.join(map(str, LOG_RETENTIONS))}.")
    return value


def _schedule(value: str) -> str:
    return Schedule(value).expression


LogRetention = Annotated[
    int, AfterValidator(_log_retention), Field(description="a retention that CloudWatch Logs knows")
]
Texts = Annotated[tuple[str, ...], Field(strict=False)]


class Table(BaseModel):
    """A table of the file: frozen, without unknown keys, without conversions."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Aws(Table):
    """Where the environment is deployed to."""

    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$", description="a region such as 'eu-west-1'")
    account: str | None = Field(
        default=None, pattern=r"^\d{12}$", description="12 digits in quotes, or no key for the caller's own account"
    )
    deploy_with: Literal["bootstrap-roles", "caller"] = Field(
        default="bootstrap-roles", description="'bootstrap-roles' or 'caller'"
    )


class Network(Table):
    """A network of the environment's own."""

    cidr: Annotated[str, AfterValidator(_network)] = Field(description="an IPv4 network such as '10.20.0.0/16'")
    availability_zones: Texts = Field(min_length=2, max_length=6, description="at least two zones of the region")
    close_default_security_group: bool = Field(default=True, description="true or false")


class ExistingNetwork(Table):
    """A network that somebody else runs."""

    vpc_id: str = Field(pattern=r"^vpc-[0-9a-f]+$", description="the id of a VPC, 'vpc-...'")
    availability_zones: Texts = Field(min_length=2, max_length=6, description="at least two zones of the region")
    subnet_ids: Texts = Field(min_length=2, max_length=6, description="one subnet id for each zone, in their order")
    endpoint_security_group_id: str = Field(
        pattern=r"^sg-[0-9a-f]+$",
        description="the id of the security group of the Secrets Manager endpoint, 'sg-...'",
    )

    @model_validator(mode="after")
    def _one_subnet_a_zone(self) -> Self:
        if len(self.subnet_ids) != len(self.availability_zones):
            raise ValueError(
                f"{len(self.subnet_ids)} subnet_ids do not match {len(self.availability_zones)} availability_zones: "
                "give one subnet for each zone, in their order."
            )
        return self


class Database(Table):
    """The database."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$", description="lower-case letters, digits and underscores")
    engine_version: str = Field(pattern=r"^\d{2}(\.\d+)?$", description="a PostgreSQL version such as '18' or '18.3'")
    instance_type: str = Field(pattern=r"^[a-z0-9]+\.[a-z0-9]+$", description="an instance type such as 't4g.medium'")
    master_username: str = Field(default="dbadmin", description="a user name")
    multi_az: bool = Field(default=True, description="true or false")
    allocated_storage_gib: int = Field(default=20, ge=20, le=65536, description="20 to 65536 (GiB)")
    max_allocated_storage_gib: int = Field(default=100, ge=22, le=65536, description="22 to 65536 (GiB)")
    backup_retention_days: int = Field(default=7, ge=1, le=35, description="1 to 35 (days)")
    removal: Literal["destroy", "snapshot", "retain"] = Field(
        default="retain", description="'destroy', 'snapshot' or 'retain'"
    )
    deletion_protection: bool = Field(default=True, description="true or false")
    log_retention_days: LogRetention = 365

    @model_validator(mode="after")
    def _room_to_grow(self) -> Self:
        # RDS asks for at least 10 % between the two.
        if self.max_allocated_storage_gib * 10 < self.allocated_storage_gib * 11:
            raise ValueError(
                f"max_allocated_storage_gib = {self.max_allocated_storage_gib} leaves no room above "
                f"allocated_storage_gib = {self.allocated_storage_gib}: give at least a tenth more."
            )
        return self


class Rotation(Table):
    """When the master credential rotates."""

    schedule: Annotated[str, AfterValidator(_schedule)] = Field(
        default="rate(30 days)", description="rate(...) or cron(...), in quotes"
    )
    window_hours: int | None = Field(default=None, ge=1, le=24, description="1 to 24 (hours)")
    rotate_immediately: bool = Field(default=False, description="true or false")
    function_concurrency: int = Field(
        default=2, ge=0, le=1000, description="0 to 1000, where 0 reserves none of the account's concurrency"
    )


class Audit(Table):
    """The trail."""

    log_retention_days: LogRetention = 365
    object_retention_days: int = Field(default=7 * 365, ge=1, le=36500, description="1 to 36500 (days)")
    removal: Literal["destroy", "retain"] = Field(default="retain", description="'destroy' or 'retain'")


class Alarms(Table):
    """Who hears of alarms."""

    emails: Texts = Field(default=(), description="a list of e-mail addresses")

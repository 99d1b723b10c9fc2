"""Where databases and functions are."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from stacks.tables.table import Table, Texts


def _network(value: str) -> str:
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError as error:
        raise ValueError(f"{value!r} is no IPv4 network ({error}): give one such as '10.20.0.0/16'.") from None
    if not 16 <= network.prefixlen <= 24:  # noqa: PLR2004  # a VPC's largest; room for subnets
        raise ValueError(f"{value!r} is refused: choose a prefix length from 16 to 24.")
    return value


class Network(Table):
    """A network of the environment's own, closed but for an endpoint of Secrets Manager.

    With *nat_gateways*, the functions reach Secrets Manager through NAT instead; databases stay isolated.
    """

    cidr: Annotated[str, AfterValidator(_network)] = Field(description="an IPv4 network such as '10.20.0.0/16'")
    availability_zones: Texts = Field(min_length=2, max_length=6, description="at least two zones of the region")
    nat_gateways: int = Field(default=0, ge=0, le=6, description="0 to 6, where 0 makes an endpoint instead")
    close_default_security_group: bool = Field(default=True, description="true or false")

    @model_validator(mode="after")
    def _room_for_gateways(self) -> Self:
        if self.nat_gateways > len(self.availability_zones):
            raise ValueError(
                f"nat_gateways = {self.nat_gateways} is more than one for each of the {len(self.availability_zones)} "
                "availability_zones: give at most one for each."
            )
        return self


class ExistingNetwork(Table):
    """A network that somebody else runs."""

    vpc_id: str = Field(pattern=r"^vpc-[0-9a-f]+$", description="the id of a VPC, 'vpc-...'")
    availability_zones: Texts = Field(min_length=2, max_length=6, description="at least two zones of the region")
    subnet_ids: Texts = Field(min_length=2, max_length=6, description="one subnet id for each zone, in their order")
    endpoint_security_group_id: str | None = Field(
        default=None,
        pattern=r"^sg-[0-9a-f]+$",
        description=(
            "the id of the security group of the Secrets Manager endpoint, 'sg-...', or no key where the subnets have "
            "NAT"
        ),
    )

    @model_validator(mode="after")
    def _one_subnet_a_zone(self) -> Self:
        if len(self.subnet_ids) != len(self.availability_zones):
            raise ValueError(
                f"{len(self.subnet_ids)} subnet_ids do not match {len(self.availability_zones)} availability_zones: "
                "give one subnet for each zone, in their order."
            )
        return self

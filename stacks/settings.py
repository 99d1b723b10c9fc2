"""What one environment is, whole and valid."""

from __future__ import annotations

from typing import Self, cast

from pydantic import Field, model_validator

from stacks.tables import Alarms, Audit, Aws, Database, ExistingNetwork, Network, Rotation, Table


class EnvironmentFile(Table):
    """The tables of one file."""

    aws: Aws = Field(description="a table [aws]")
    network: Network | None = Field(default=None, description="a table [network]")
    existing_network: ExistingNetwork | None = Field(default=None, description="a table [existing_network]")
    database: Database = Field(description="a table [database]")
    rotation: Rotation = Field(default=Rotation(), description="a table [rotation]")
    audit: Audit = Field(default=Audit(), description="a table [audit]")
    alarms: Alarms = Field(default=Alarms(), description="a table [alarms]")

    @model_validator(mode="after")
    def _one_network(self) -> Self:
        if (self.network is None) == (self.existing_network is None):
            given = (
                "both [network] and [existing_network]" if self.network else "neither [network] nor [existing_network]"
            )
            raise ValueError(f"{given} given: give one of the two tables.")
        return self

    @model_validator(mode="after")
    def _zones_in_region(self) -> Self:
        for zone in self.place.availability_zones:
            if not zone.startswith(self.aws.region):
                raise ValueError(
                    f"availability_zones names {zone!r}, which is not in {self.aws.region!r}: give zones of it."
                )
        return self

    @property
    def place(self) -> Network | ExistingNetwork:
        """The network, whichever of the two it is."""
        return cast("Network | ExistingNetwork", self.network or self.existing_network)


class Settings(EnvironmentFile):
    """One environment, whole and valid.

    :param name: the file's name, which becomes part of stacks, roles and tags.
    """

    name: str

"""What one environment is, whole and valid."""

from __future__ import annotations

import re
from typing import Annotated, Final, Self, cast

from pydantic import AfterValidator, Field, model_validator

from stacks.tables import (
    Alarms,
    Audit,
    Aws,
    Database,
    Defaults,
    Detection,
    ExistingNetwork,
    Functions,
    Network,
    RestrictReads,
    Table,
    When,
)
from stacks.tables.databases import check_apart

# Names of stacks that are no database's.
RESERVED: Final = ("audit", "databases", "network")
OWN_TAGS: Final = ("application", "environment")
_TAG_KEY = re.compile(r"[\w .:/=+@-]{1,128}")
_TAG_VALUE = re.compile(r"[\w .:/=+@-]{0,256}")
# The tags of a secret that a rotation is told by, and ours, leave this many of 50.
_MOST_TAGS = 30


def _tags(tags: dict[str, str]) -> dict[str, str]:
    for key, value in tags.items():
        if key in OWN_TAGS or key.lower().startswith(("aws:", "rotating-rds:")):
            raise ValueError(f"{key!r} is given by AWS or this app itself: choose another key.")
        if not _TAG_KEY.fullmatch(key) or not _TAG_VALUE.fullmatch(value):
            raise ValueError(
                f"{key!r} = {value!r} is refused by AWS: give letters, digits, spaces and _ . : / = + - @, 128 at most "
                "as key and 256 as value."
            )
    if len(tags) > _MOST_TAGS:
        raise ValueError(f"{len(tags)} tags leave no room for those of a secret: give at most {_MOST_TAGS}.")
    return tags


class EnvironmentFile(Table):
    """The tables of one file."""

    aws: Aws = Field(description="a table [aws]")
    network: Network | None = Field(default=None, description="a table [network]")
    existing_network: ExistingNetwork | None = Field(default=None, description="a table [existing_network]")
    defaults: Defaults = Field(default=Defaults(), description="a table [defaults]")
    rotation: When = Field(default=When(), description="a table [rotation]")
    databases: Annotated[tuple[Database, ...], Field(strict=False)] = Field(
        min_length=1, description="a table [[databases]] for each database"
    )
    functions: Functions = Field(default=Functions(), description="a table [functions]")
    restrict_reads: RestrictReads | None = Field(default=None, description="a table [restrict_reads]")
    detection: Detection = Field(default=Detection(), description="a table [detection]")
    audit: Audit = Field(default=Audit(), description="a table [audit]")
    alarms: Alarms = Field(default=Alarms(), description="a table [alarms]")
    tags: Annotated[dict[str, str], AfterValidator(_tags)] = Field(
        default_factory=dict, description="a table [tags] of texts"
    )

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

    @model_validator(mode="after")
    def _a_stack_for_each_database(self) -> Self:
        check_apart("databases", [database.name for database in self.databases])
        for number, database in enumerate(self.databases):
            if database.name in RESERVED:
                raise ValueError(f"databases[{number}].name = {database.name!r} is another stack's: choose another.")
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

    def identifier(self, database: Database) -> str:
        """Return the identifier of a database's server, which is its id everywhere."""
        return f"rotating-rds-{self.name}-{database.name}"

    @property
    def shared_functions(self) -> str:
        """After what the functions are named that databases share: their stack."""
        return f"rotating-rds-{self.name}-databases"

    @property
    def trusted_roles(self) -> tuple[str, ...]:
        """Roles whose reads and changes of secrets are no news, beside those that are declared."""
        deployers = self.restrict_reads.deployers if self.restrict_reads else ()
        return tuple(dict.fromkeys([*self.detection.trusted_roles, *deployers]))

    @property
    def role_path(self) -> str:
        """Below which every role of the environment is."""
        return f"/rotating-rds/{self.name}/"

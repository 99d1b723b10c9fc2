"""How and when credentials rotate."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from rotating_rds import Schedule
from stacks.tables.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

# The keys of a user's rotation that one strategy has, and no other.
_BELONGING: Mapping[str, str] = MappingProxyType(
    {
        "suffix": "alternating_users",
        "alternate_username": "alternating_users",
        "provisioned": "alternating_users",
        "retain_for_hours": "admin_reset",
    }
)


def _schedule(value: str) -> str:
    return Schedule(value).expression


class When(Table):
    """When credentials rotate: `[rotation]` says it for all of an environment's.

    A `rotation` of a database or of a user differs from that in the keys that it has; one with a *schedule* of its own
    has a *window_hours* of its own, too.
    """

    schedule: Annotated[str, AfterValidator(_schedule)] = Field(
        default="rate(30 days)", description="rate(...) or cron(...), in quotes"
    )
    window_hours: int | None = Field(default=None, ge=1, le=24, description="1 to 24 (hours)")
    rotate_immediately: bool = Field(default=False, description="true or false")

    @model_validator(mode="after")
    def _window_fits(self) -> Self:
        longest = Schedule(self.schedule).longest_window_hours
        if self.window_hours is not None and self.window_hours > longest:
            raise ValueError(
                f"window_hours = {self.window_hours} does not fit the schedule {self.schedule!r}, since a window must "
                f"end before midnight UTC and before the next one opens: give 1 to {longest}."
            )
        return self


class MasterRotation(When):
    """How the master's credential rotates: by our function, or by RDS itself."""

    strategy: Literal["single_user", "managed_by_rds"] = Field(
        default="single_user", description="'single_user' or 'managed_by_rds'"
    )
    test_query: str | None = Field(default=None, min_length=1, description="a query that the master may run")

    @model_validator(mode="after")
    def _rds_has_its_own_schedule(self) -> Self:
        others = sorted(self.model_fields_set - {"strategy"})
        if self.strategy == "managed_by_rds" and others:
            raise ValueError(
                f"{others[0]} = {getattr(self, others[0])!r} says nothing with strategy = 'managed_by_rds', for RDS "
                "rotates by a schedule of its own: leave it out, or choose 'single_user'."
            )
        return self


class UserRotation(When):
    """How a user's credential rotates."""

    strategy: Literal["alternating_users", "admin_reset", "single_user"] = Field(
        default="alternating_users", description="'alternating_users', 'admin_reset' or 'single_user'"
    )
    suffix: str = Field(default="_clone", min_length=1, description="what the second login's name adds to the first's")
    alternate_username: str | None = Field(default=None, min_length=1, description="the second login's whole name")
    provisioned: bool = Field(default=False, description="true or false")
    retain_for_hours: int | None = Field(default=None, ge=0, le=270_000, description="0 to 270000 (hours)")
    test_query: str | None = Field(default=None, min_length=1, description="a query that the user may run")

    @model_validator(mode="after")
    def _keys_of_the_strategy(self) -> Self:
        for key, strategy in _BELONGING.items():
            if key in self.model_fields_set and strategy != self.strategy:
                raise ValueError(
                    f"{key} = {getattr(self, key)!r} belongs to the strategy {strategy!r}, and this one is "
                    f"{self.strategy!r}: leave it out, or choose that strategy."
                )
        return self

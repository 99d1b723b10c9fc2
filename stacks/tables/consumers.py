"""Applications that read a credential."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from stacks.computes import COMPUTES
from stacks.tables.table import Table


def _compute(value: str) -> str:
    if value not in COMPUTES:
        raise ValueError(f"{value!r} is no computer that is known here: choose one of {', '.join(COMPUTES)}.")
    return value


GroupId = Annotated[str, Field(pattern=r"^sg-[0-9a-f]+$", description="the id of a security group, 'sg-...'")]


class Consumer(Table):
    """An application: a role is made for what it runs on, or a *role* that exists may read.

    Members of *security_groups* reach the database's port.
    """

    name: str = Field(
        pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=40, description="lower-case letters, digits and hyphens"
    )
    compute: Annotated[str, AfterValidator(_compute)] | None = Field(
        default=None, description=f"one of {', '.join(COMPUTES)}"
    )
    role: str | None = Field(
        default=None,
        pattern=r"^arn:aws:iam::\d{12}:role/[\w+=,.@/-]+$",
        description="the ARN of a role that exists",
    )
    security_groups: Annotated[tuple[GroupId, ...], Field(strict=False)] = Field(
        default=(), description="a list of ids of security groups, 'sg-...'"
    )

    @model_validator(mode="after")
    def _one_role(self) -> Self:
        if (self.compute is None) == (self.role is None):
            given = "both compute and role are" if self.compute else "neither compute nor role is"
            raise ValueError(f"{given} given: give what the application runs on, or the ARN of its role.")
        return self

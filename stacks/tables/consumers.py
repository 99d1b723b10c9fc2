"""Applications that read a credential."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from stacks.computes import COMPUTES, KEYS
from stacks.tables.table import Table


def _compute(value: str) -> str:
    if value not in COMPUTES:
        raise ValueError(f"{value!r} is no compute that is known here: choose one of {', '.join(COMPUTES)}.")
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
    cluster_name: str | None = Field(default=None, description="the name of the cluster of an 'eks_pod_identity'")
    issuer: str | None = Field(
        default=None, description="the URL of the OpenID Connect provider of an 'eks_service_account'"
    )
    namespace: str | None = Field(default=None, description="the namespace of the pods")
    service_account: str | None = Field(default=None, description="the service account of the pods")
    security_groups: Annotated[tuple[GroupId, ...], Field(strict=False)] = Field(
        default=(), description="a list of ids of security groups, 'sg-...'"
    )

    @model_validator(mode="after")
    def _one_role(self) -> Self:
        if (self.compute is None) == (self.role is None):
            given = "both compute and role are" if self.compute else "neither compute nor role is"
            raise ValueError(f"{given} given: give what the application runs on, or the ARN of its role.")
        return self

    @model_validator(mode="after")
    def _keys_of_the_compute(self) -> Self:
        wanted = COMPUTES[self.compute].keys if self.compute else ()
        what = f"compute = {self.compute!r}" if self.compute else "a role that exists"
        for key in KEYS:
            value = getattr(self, key)
            if value is None and key in wanted:
                raise ValueError(f"{what} takes a {key}, which is missing: give it as the cluster has it.")
            if value is not None and key not in wanted:
                raise ValueError(f"{key} = {value!r} says nothing with {what}: leave it out.")
        return self

    @property
    def compute_keys(self) -> dict[str, str]:
        """The keys that belong to the compute."""
        return {key: getattr(self, key) for key in KEYS if getattr(self, key) is not None}

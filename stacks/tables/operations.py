"""How an environment is deployed, run and watched."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from stacks.tables.table import LogRetention, Table, Texts


class Aws(Table):
    """Where the environment is deployed to, and under which rules of that account."""

    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$", description="a region such as 'eu-west-1'")
    account: str | None = Field(
        default=None, pattern=r"^\d{12}$", description="12 digits in quotes, or no key for the caller's own account"
    )
    deploy_with: Literal["bootstrap-roles", "caller"] = Field(
        default="bootstrap-roles", description="'bootstrap-roles' or 'caller'"
    )
    bootstrap_qualifier: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9]{1,10}$", description="the qualifier of `cdk bootstrap`, 1 to 10 characters"
    )
    permissions_boundary: str | None = Field(
        default=None,
        pattern=r"^(arn:aws:iam::\d{12}:policy/)?[\w+=,.@/-]{1,128}$",
        description="the name or ARN of a managed policy, which then bounds every role",
    )


class Functions(Table):
    """The functions that rotate credentials and make users.

    With *shared*, one of each serves all databases, which are one stack then: choose before the first deployment.
    """

    shared: bool = Field(default=False, description="true or false")
    concurrency: int = Field(
        default=2, ge=0, le=1000, description="0 to 1000, where 0 reserves none of the account's concurrency"
    )
    tracing: bool = Field(default=True, description="true or false")


RoleArn = Annotated[str, Field(pattern=r"^arn:aws[\w-]*:iam::\d{12}:role/[\w+=,.@/-]+$")]
_ROLES = "a list of ARNs of roles"


class RestrictReads(Table):
    """Denies reading credentials to all but declared consumers, our functions, and these roles.

    A master's credential that RDS manages stays as RDS made it.
    """

    deployers: Annotated[tuple[RoleArn, ...], Field(strict=False)] = Field(min_length=1, description=_ROLES)
    break_glass: Annotated[tuple[RoleArn, ...], Field(strict=False)] = Field(min_length=1, description=_ROLES)


class Detection(Table):
    """Who may read and change secrets without being reported, beside declared consumers and the roles that deploy."""

    trusted_roles: Annotated[tuple[RoleArn, ...], Field(strict=False)] = Field(default=(), description=_ROLES)


class Audit(Table):
    """The trail."""

    log_retention_days: LogRetention = 365
    object_retention_days: int = Field(default=7 * 365, ge=1, le=36500, description="1 to 36500 (days)")
    removal: Literal["destroy", "retain"] = Field(default="retain", description="'destroy' or 'retain'")


class Alarms(Table):
    """Who hears of alarms."""

    emails: Texts = Field(default=(), description="a list of e-mail addresses")

"""The credentials that this library's deployments have made, as their secrets' tags tell."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from rotating_rds_ops.errors import OperationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from rotating_rds_ops.aws import Aws

# The names of `lambda/contract.schema.json`, which this side's tests hold themselves against as well.
ENVIRONMENT_TAG = "rotating-rds:environment"
DATABASE_TAG = "rotating-rds:database"
STRATEGY_TAG = "rotating-rds:strategy"
USERNAME_TAG = "rotating-rds:username"


@dataclass(frozen=True)
class Credential:
    """A secret without its value.

    :param rotated: when it rotated last; None if it never did.
    :param due: by when it rotates next; None if nothing rotates it.
    :param stages: staging label to the version that carries it.
    :param function: ARN of the function that rotates it.
    """

    arn: str
    environment: str | None
    database: str
    username: str
    strategy: str
    rotates: bool
    rotated: datetime | None
    due: datetime | None
    stages: Mapping[str, str]
    function: str | None

    @property
    def name(self) -> str:
        """How people call it: `database/user`."""
        return f"{self.database}/{self.username}"

    @property
    def pending(self) -> bool:
        """Whether a rotation has begun and not ended."""
        return self.stages.get("AWSPENDING") not in {None, self.stages.get("AWSCURRENT")}

    @classmethod
    def read(cls, description: Mapping[str, Any]) -> Self | None:
        """Return what DescribeSecret or ListSecrets tells; None for a secret of somebody else's."""
        tags = {tag["Key"]: tag["Value"] for tag in description.get("Tags", [])}
        if DATABASE_TAG not in tags or USERNAME_TAG not in tags:
            return None
        labels = description.get("VersionIdsToStages") or description.get("SecretVersionsToStages") or {}
        return cls(
            arn=description["ARN"],
            environment=tags.get(ENVIRONMENT_TAG),
            database=tags[DATABASE_TAG],
            username=_decoded(tags[USERNAME_TAG]),
            strategy=tags.get(STRATEGY_TAG, "none"),
            rotates=bool(description.get("RotationEnabled")),
            rotated=description.get("LastRotatedDate"),
            due=description.get("NextRotationDate"),
            stages={label: version for version, staged in labels.items() for label in staged},
            function=description.get("RotationLambdaARN"),
        )


def all_of(aws: Aws, environment: str) -> list[Credential]:
    """Return the credentials of an environment, by database and user.

    :raises OperationError: if there are none.
    """
    found = [credential for credential in _listed(aws) if credential.environment == environment]
    if not found:
        known = sorted({credential.environment or "none" for credential in _listed(aws)})
        raise OperationError(
            f"No credential of the environment {environment!r} is in {_region(aws)}: deploy it, or choose one of those "
            f"that are there ({', '.join(known) or 'none'})."
        )
    return sorted(found, key=lambda credential: credential.name)


def one_of(aws: Aws, name: str) -> Credential:
    """Return a credential by `database/user`, or by the ARN or name of its secret.

    :raises OperationError: if there is none.
    """
    listed = list(_listed(aws))
    found = [credential for credential in listed if name in {credential.name, credential.arn}]
    found = found or [credential for credential in listed if credential.arn.rpartition(":")[2].startswith(f"{name}-")]
    if len(found) != 1:
        names = ", ".join(sorted(credential.name for credential in listed)) or "none"
        raise OperationError(f"{name!r} names {len(found)} credentials in {_region(aws)}: choose one of {names}.")
    return found[0]


def again(aws: Aws, credential: Credential) -> Credential:
    """Return a credential as it is now."""
    now = Credential.read(aws.secrets.describe_secret(SecretId=credential.arn))
    if now is None:
        raise OperationError(f"The secret {credential.arn} lost its tags: deploy its stack again, which writes them.")
    return now


def versions_of(aws: Aws, credential: Credential) -> Iterator[Any]:
    """Yield every version that Secrets Manager still has, those without a label among them; no value."""
    token: Any = {}
    while True:
        answer = aws.secrets.list_secret_version_ids(SecretId=credential.arn, IncludeDeprecated=True, **token)
        yield from answer["Versions"]
        if not answer.get("NextToken"):
            return
        token = {"NextToken": answer["NextToken"]}


def _listed(aws: Aws) -> Iterator[Credential]:
    pages = aws.secrets.get_paginator("list_secrets").paginate(Filters=[{"Key": "tag-key", "Values": [DATABASE_TAG]}])
    for page in pages:
        for entry in page["SecretList"]:
            credential = Credential.read(entry)
            if credential is not None:
                yield credential


def _decoded(encoded: str) -> str:
    raw = re.sub(rb"=([0-9A-F]{2})", lambda found: bytes.fromhex(found[1].decode()), encoded.encode())
    return raw.decode("utf-8", "replace")


def _region(aws: Aws) -> str:
    return str(aws.secrets.meta.region_name)

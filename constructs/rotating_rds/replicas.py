"""Copies of a credential in other regions, which Secrets Manager keeps equal.

Value, tags and resource policy are copied, and a rotation of the primary secret reaches the copies ("Replicate AWS
Secrets Manager secrets across Regions", user guide). What a copy says of host and port is the database's own place.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, Fn, Stack, Token
from aws_cdk import aws_secretsmanager as secretsmanager

from rotating_rds.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import IConstruct

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")


def check_replica_regions(
    scope: IConstruct, regions: Sequence[secretsmanager.ReplicaRegion]
) -> tuple[secretsmanager.ReplicaRegion, ...]:
    """Return regions that a secret can be copied to.

    :raises DeclarationError: if one is no region, the secret's own, or named twice; or the own one is not known.
    """
    own, names = Stack.of(scope).region, [replica.region for replica in regions]
    for name in names:
        if Token.is_unresolved(name) or not _REGION.fullmatch(name):
            raise DeclarationError(
                f"replica_regions of {scope.node.path!r} names {_shown(name)}, which is no region: name one such as "
                "'eu-central-1'."
            )
        if Token.is_unresolved(own):
            raise DeclarationError(
                f"replica_regions of {scope.node.path!r} names {name!r}, and the region of its stack is only known at "
                "deployment: give the stack env=Environment(region=...)."
            )
        if name == own or names.count(name) > 1:
            where = "where the secret itself is" if name == own else "twice"
            raise DeclarationError(
                f"replica_regions of {scope.node.path!r} names {name!r}, {where}: name each other region once."
            )
    return tuple(regions)


def replica_arn(secret: secretsmanager.ISecret, region: str) -> str:
    """Return the ARN of a secret's copy: that of the secret, but for the region."""
    return Stack.of(secret).format_arn(
        service="secretsmanager",
        region=region,
        resource="secret",
        resource_name=Fn.select(6, Fn.split(":", secret.secret_arn)),
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )


def _shown(name: str) -> str:
    return "one that is only known at deployment" if Token.is_unresolved(name) else repr(name)

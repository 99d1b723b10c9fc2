"""Where the rotation function can verify a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack, Token

from rotating_rds.errors import DeclarationError

if TYPE_CHECKING:
    from constructs import Construct

# RDS has other certificate authorities there, which the function's bundle does not hold.
_OTHER_PARTITIONS = ("cn-", "us-gov-", "us-iso", "eu-isoe-", "eusc-")


def check_region(scope: Construct) -> None:
    """Refuse a region in whose partition the function would trust no database; a region unknown at synth passes.

    :raises DeclarationError: if the region is of another partition than `aws`.
    """
    region = Stack.of(scope).region
    if not Token.is_unresolved(region) and region.startswith(_OTHER_PARTITIONS):
        raise DeclarationError(
            f"The rotation function could not verify databases in {region!r}, since it ships the certificate "
            "authorities of the partition aws only: choose a region of that partition."
        )

"""Where the rotation function can verify a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack, Token

from rotating_rds import contract
from rotating_rds.errors import DeclarationError

if TYPE_CHECKING:
    from constructs import Construct


def check_region(scope: Construct) -> None:
    """Refuse a region whose databases the function would not trust; a region unknown at synth passes.

    RDS has certificate authorities for each region, and others again in the partitions of China and GovCloud.

    :raises DeclarationError: if the function ships no authority of the region.
    """
    region = Stack.of(scope).region
    if not Token.is_unresolved(region) and region not in contract.REGIONS:
        raise DeclarationError(
            f"The rotation function could not verify databases in {region!r}, of which it ships no certificate "
            f"authority: choose one of {', '.join(contract.REGIONS)}."
        )

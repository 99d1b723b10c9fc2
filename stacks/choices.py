"""The choices that environments have, and what they mean to the CDK."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs

if TYPE_CHECKING:
    from collections.abc import Mapping

# The retentions that CloudWatch Logs knows, as far as they suit a log of credentials.
LOG_RETENTIONS: Mapping[int, logs.RetentionDays] = MappingProxyType(
    {
        7: logs.RetentionDays.ONE_WEEK,
        30: logs.RetentionDays.ONE_MONTH,
        90: logs.RetentionDays.THREE_MONTHS,
        180: logs.RetentionDays.SIX_MONTHS,
        365: logs.RetentionDays.ONE_YEAR,
        731: logs.RetentionDays.TWO_YEARS,
        1827: logs.RetentionDays.FIVE_YEARS,
        3653: logs.RetentionDays.TEN_YEARS,
    }
)

REMOVAL_POLICIES: Mapping[str, RemovalPolicy] = MappingProxyType(
    {"destroy": RemovalPolicy.DESTROY, "snapshot": RemovalPolicy.SNAPSHOT, "retain": RemovalPolicy.RETAIN}
)


def companions(removal: str) -> RemovalPolicy:
    """Return what becomes of logs and keys: they go only where nothing of a server stays."""
    return RemovalPolicy.DESTROY if removal == "destroy" else RemovalPolicy.RETAIN

"""The log groups that a server of RDS exports to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_logs as logs

from rotating_rds.encryption import admit_logs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aws_cdk import RemovalPolicy
    from aws_cdk import aws_kms as kms
    from constructs import Construct


def make_log_groups(
    scope: Construct,
    prefix: str,
    exports: Iterable[str],
    *,
    encryption_key: kms.IKey,
    retention: logs.RetentionDays,
    removal_policy: RemovalPolicy,
) -> list[logs.LogGroup]:
    """Make the groups before the server does, which would leave them unencrypted and kept for ever.

    :param prefix: of the groups' names, by which RDS finds them.
    :param exports: the logs' names.
    :return: the groups, for which the server has to wait.
    """
    admit_logs(encryption_key, scope, f"{prefix}/*")
    return [
        logs.LogGroup(
            scope,
            f"{name.title()}Log",
            log_group_name=f"{prefix}/{name}",
            retention=retention,
            encryption_key=encryption_key,
            removal_policy=removal_policy,
        )
        for name in exports
    ]

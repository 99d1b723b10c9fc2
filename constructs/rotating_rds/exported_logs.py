"""The log groups that a server of RDS exports to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_logs as logs

from rotating_rds.acknowledgements import NIST, acknowledge
from rotating_rds.encryption import admit_logs
from rotating_rds.function_logs import kept_unless_rolled_back

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aws_cdk import RemovalPolicy
    from aws_cdk import aws_kms as kms
    from constructs import Construct

# Logs of MySQL and MariaDB that stay off, and why.
_WITHHELD: Mapping[str, str] = {
    "general": "The general log would hold every statement with its values, of which some are nobody's business.",
    "audit": "The server writes an audit log only with a plugin, whose option group is its owner's choice.",
}


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
    for name in sorted(_WITHHELD.keys() - set(exports)):
        acknowledge(scope, f"{NIST}RDSLoggingEnabled[LogExport::{name}]", _WITHHELD[name])
    return [
        logs.LogGroup(
            scope,
            f"{name.title()}Log",
            log_group_name=f"{prefix}/{name}",
            retention=retention,
            encryption_key=encryption_key,
            removal_policy=kept_unless_rolled_back(removal_policy),
        )
        for name in exports
    ]

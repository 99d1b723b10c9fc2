"""Customer keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct


class CustomerKey(kms.Key):
    """A key that rotates yearly and is retained, unless it is to be destroyed with its stack.

    Snapshots and retained secrets are unreadable without their key.

    :param description: what the key encrypts.
    :param destroy: whether the key goes with its stack, after the shortest waiting period.
    :param log_groups: names of log groups that it encrypts, `*` allowed at the end; none unless given.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, description: str, destroy: bool, log_groups: Sequence[str] = ()
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            description=description,
            enable_key_rotation=True,
            pending_window=Duration.days(7 if destroy else 30),
            removal_policy=RemovalPolicy.DESTROY if destroy else RemovalPolicy.RETAIN,
        )
        if log_groups:
            self.add_to_resource_policy(_logs_statement(Stack.of(self), log_groups))


def _logs_statement(stack: Stack, log_groups: Sequence[str]) -> iam.PolicyStatement:
    """Admit CloudWatch Logs for these groups only ("Encrypt log data in CloudWatch Logs using AWS KMS")."""
    prefix = f"arn:{stack.partition}:logs:{stack.region}:{stack.account}:log-group"
    return iam.PolicyStatement(
        principals=[iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com")],
        actions=["kms:Decrypt", "kms:Describe*", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
        resources=["*"],
        conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": [f"{prefix}:{name}" for name in log_groups]}},
    )

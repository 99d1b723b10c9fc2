"""Customer keys, and who may use one for logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

if TYPE_CHECKING:
    from constructs import Construct


class CustomerKey(kms.Key):
    """A key that rotates yearly.

    :param description: what the key encrypts.
    :param removal_policy: what becomes of the key with its stack; destroyed, it waits for the shortest period.
    """

    def __init__(self, scope: Construct, construct_id: str, *, description: str, removal_policy: RemovalPolicy) -> None:
        destroyed = removal_policy is RemovalPolicy.DESTROY
        super().__init__(
            scope,
            construct_id,
            description=description,
            enable_key_rotation=True,
            pending_window=Duration.days(7 if destroyed else 30),
            removal_policy=removal_policy,
        )


def admit_logs(key: kms.IKey, scope: Construct, log_group_name: str) -> None:
    """Let CloudWatch Logs use *key* for some log groups of the stack of *scope*, and for no others.

    Source: "Encrypt log data in CloudWatch Logs using AWS KMS" in the user guide of CloudWatch Logs.

    :param key: a key whose policy can be changed; an imported one stays as it is.
    :param log_group_name: name, or its beginning with a `*`.
    """
    stack = Stack.of(scope)
    log_group = f"arn:{stack.partition}:logs:{stack.region}:{stack.account}:log-group:{log_group_name}"
    key.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com")],
            actions=["kms:Decrypt", "kms:Describe*", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
            resources=["*"],
            conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": log_group}},
        )
    )


def admit_logs_named_by_stack(key: kms.IKey, scope: Construct) -> None:
    """Let CloudWatch Logs use *key* for log groups without a name, which CloudFormation names after their stack."""
    admit_logs(key, scope, f"{Stack.of(scope).stack_name}-*")

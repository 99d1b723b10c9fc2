"""What a function of ours may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam

from rotating_rds.grants import key_use
from rotating_rds.network_interfaces import allow_network_interfaces
from rotating_rds.readers import OwnRole

if TYPE_CHECKING:
    from aws_cdk import aws_logs as logs
    from constructs import Construct

    from rotating_rds.credential import Credential


class FunctionRole(OwnRole):
    """A function's role: its own log, and the secrets that were allowed.

    :param description: what the function does.
    :param path: IAM path, which detection matches on.
    :param log_group: the function's log group.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, description: str, path: str, log_group: logs.ILogGroup
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            path=path,
            description=description,
        )
        self._readable: set[str] = set()
        log_group.grant_write(self)
        allow_network_interfaces(self)

    def allow_rotation(self, credential: Credential) -> None:
        """Let the function read and write a secret, and use its key for that secret only."""
        iam.Grant.add_to_principal(
            grantee=self,
            actions=[
                "secretsmanager:DescribeSecret",
                "secretsmanager:GetSecretValue",
                "secretsmanager:PutSecretValue",
                "secretsmanager:UpdateSecretVersionStage",
            ],
            resource_arns=[credential.secret.secret_arn],
        )
        key_use(self, credential.key, credential.secret, "kms:Decrypt", "kms:GenerateDataKey")
        credential.readers.add(self)

    def allow_examination(self, credential: Credential) -> None:
        """Let the function read the current value of a secret, and when what happened to it."""
        iam.Grant.add_to_principal(
            grantee=self,
            actions=["secretsmanager:DescribeSecret", "secretsmanager:ListSecretVersionIds"],
            resource_arns=[credential.secret.secret_arn],
        )
        self.allow_reading(credential)

    def allow_reading(self, credential: Credential) -> None:
        """Let the function read the current value of a secret, and use its key for that; asking twice adds nothing."""
        if credential.secret.node.addr in self._readable:
            return
        self._readable.add(credential.secret.node.addr)
        credential.grants.read_here(self)

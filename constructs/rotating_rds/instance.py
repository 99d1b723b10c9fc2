"""The database server itself, closed to everything that was not granted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from aws_cdk import aws_rds as rds

from rotating_rds.exported_logs import make_log_groups

if TYPE_CHECKING:
    from aws_cdk import RemovalPolicy
    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_logs as logs
    from aws_cdk import aws_secretsmanager as secretsmanager
    from constructs import Construct

    from rotating_rds.engine import InstanceEngine


class ClosedInstance(rds.DatabaseInstance):
    """An instance that is private and encrypted, accepts TLS connections only and exports its logs to groups of ours.

    :param engine: the engine, which brings TLS parameters, port and log exports.
    :param identifier: literal identifier of the instance.
    :param username: master user.
    :param secret: the master user's credential, which becomes attached to the instance; RDS makes one of its own where
        None.
    :param security_group: the only group of the instance.
    :param encryption_key: key of storage and logs.
    :param log_retention: of the exported logs.
    :param log_removal_policy: what becomes of the exported logs with the stack.
    :param props: further props of `rds.DatabaseInstance`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        engine: InstanceEngine,
        identifier: str,
        username: str,
        secret: secretsmanager.ISecret | None,
        security_group: ec2.ISecurityGroup,
        encryption_key: kms.IKey,
        log_retention: logs.RetentionDays,
        log_removal_policy: RemovalPolicy,
        **props: Any,
    ) -> None:
        self.parameters = rds.ParameterGroup(
            scope,
            "Parameters",
            engine=engine.instance_engine,
            description=f"Database {identifier}: connections over TLS only",
            parameters=dict(engine.forced_tls),
        )
        super().__init__(
            scope,
            construct_id,
            engine=engine.instance_engine,
            instance_identifier=identifier,
            credentials=(
                rds.Credentials.from_username(username, encryption_key=encryption_key)
                if secret is None
                else rds.Credentials.from_secret(secret, username)
            ),
            manage_master_user_password=secret is None or None,
            port=engine.port,
            security_groups=[security_group],
            publicly_accessible=False,
            ca_certificate=rds.CaCertificate.RDS_CA_RSA2048_G1,
            parameter_group=self.parameters,
            storage_type=rds.StorageType.GP3,
            storage_encrypted=True,
            storage_encryption_key=encryption_key,
            iam_authentication=True,
            auto_minor_version_upgrade=True,
            copy_tags_to_snapshot=True,
            cloudwatch_logs_exports=list(engine.log_exports),
            **props,
        )
        log_groups = make_log_groups(
            self,
            f"/aws/rds/instance/{identifier}",
            engine.log_exports,
            encryption_key=encryption_key,
            retention=log_retention,
            removal_policy=log_removal_policy,
        )
        # RDS would make the groups itself, unencrypted and kept for ever, if they were not there before.
        cast("rds.CfnDBInstance", self.node.default_child).node.add_dependency(*log_groups)

    @property
    def attached_secret(self) -> secretsmanager.ISecret:
        """The credential by its attachment: who refers to it waits until it holds host and port."""
        return cast("secretsmanager.ISecret", self.secret)

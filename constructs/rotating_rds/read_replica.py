"""Instances to read from, which follow a database's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aws_cdk import aws_rds as rds

if TYPE_CHECKING:
    from aws_cdk import RemovalPolicy
    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_kms as kms
    from constructs import Construct

    from rotating_rds.engine import InstanceEngine


class ClosedReadReplica(rds.DatabaseInstanceReadReplica):
    """A replica as private and encrypted as its source; users and passwords follow by replication.

    :param engine: of the source, which brings port and TLS parameters.
    :param source: the instance that it follows.
    :param security_group: the source's.
    :param encryption_key: of its storage.
    :param vpc: the source's.
    :param vpc_subnets: likewise.
    :param instance_type: of the replica.
    :param parameter_group: the source's.
    :param removal_policy: what becomes of it when it is removed: its data is the source's.
    :param deletion_protection: whether RDS refuses to delete it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        engine: InstanceEngine,
        source: rds.IDatabaseInstance,
        security_group: ec2.ISecurityGroup,
        encryption_key: kms.IKey,
        vpc: ec2.IVpc,
        vpc_subnets: ec2.SubnetSelection,
        instance_type: ec2.InstanceType,
        parameter_group: rds.IParameterGroup,
        removal_policy: RemovalPolicy,
        deletion_protection: bool,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            source_database_instance=source,
            instance_type=instance_type,
            vpc=vpc,
            vpc_subnets=vpc_subnets,
            security_groups=[security_group],
            port=engine.port,
            parameter_group=parameter_group,
            storage_encrypted=True,
            storage_encryption_key=encryption_key,
            publicly_accessible=False,
            ca_certificate=rds.CaCertificate.RDS_CA_RSA2048_G1,
            iam_authentication=True,
            auto_minor_version_upgrade=True,
            copy_tags_to_snapshot=True,
            removal_policy=removal_policy,
            deletion_protection=deletion_protection,
        )
        # A replica is encrypted as its source is, and CloudFormation takes no word about it.
        cast("rds.CfnDBInstance", self.node.default_child).storage_encrypted = None

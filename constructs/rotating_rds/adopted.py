"""A database that exists already, whose credentials rotate from now on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import custom_resources as resources

from rotating_rds.rotating_base import RotatingBase
from rotating_rds.shared_props import Shared, SharedProps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_rds as rds
    from constructs import Construct

    from rotating_rds.engine import Engine
    from rotating_rds.rotation import Rotation


class AdoptedDatabase(RotatingBase):
    """An instance or cluster that this construct did not make, with its master's secret; see `from_attributes()`.

    :param engine: the engine that runs there.
    :param database_id: the server's identifier, as literal text.
    :param server: the server, made in this app or imported, with its security groups.
    :param host: where it listens.
    :param port: likewise.
    :param secret: the master's credential, with its encryption key if that is a customer's.
    :param vpc: the network.
    :param rotation: of the master's credential; it is left alone unless given.
    :param shared: see :class:`SharedProps`; *master_username* has to be the one in the secret.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        engine: Engine,
        database_id: str,
        server: rds.IDatabaseInstance | rds.IDatabaseCluster,
        host: str,
        port: str,
        secret: secretsmanager.ISecret,
        vpc: ec2.IVpc,
        rotation: Rotation | None,
        **shared: Unpack[SharedProps],
    ) -> None:
        props = Shared(**shared)
        super().__init__(scope, construct_id, engine=engine, vpc=vpc, identify=lambda _: database_id, shared=props)
        if rotation is not None:
            self.check_master_rotation(rotation)
            self._tag(secret, self.tags(props.master_username, rotation))
        self._attach(
            server=server,
            connections=ec2.Connections(
                security_groups=server.connections.security_groups, default_port=ec2.Port.tcp(engine.port)
            ),
            host=host,
            port=port,
            secret=secret,
            key=secret.encryption_key,
            rotation=rotation,
        )

    def _tag(self, secret: secretsmanager.ISecret, tags: Mapping[str, str]) -> None:
        """Tell the rotation function what rotates, on a secret that no template of ours makes."""
        identity = {"SecretId": secret.secret_arn}
        tagging = resources.AwsSdkCall(
            service="secrets-manager",
            action="TagResource",
            parameters={**identity, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]},
            physical_resource_id=resources.PhysicalResourceId.of(self.database_id),
        )
        tagged = resources.AwsCustomResource(
            self,
            "SecretTags",
            resource_type="Custom::SecretTags",
            on_update=tagging,
            on_delete=resources.AwsSdkCall(
                service="secrets-manager", action="UntagResource", parameters={**identity, "TagKeys": list(tags)}
            ),
            policy=resources.AwsCustomResourcePolicy.from_statements(
                [
                    iam.PolicyStatement(
                        actions=["secretsmanager:TagResource", "secretsmanager:UntagResource"],
                        resources=[secret.secret_arn],
                    )
                ]
            ),
            install_latest_aws_sdk=False,
        )
        self._prerequisites.append(tagged)

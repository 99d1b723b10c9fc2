"""Roles under which applications run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotating_rds.readers import OwnRole

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam
    from constructs import Construct

    from rotating_rds.compute import Compute


class ConsumerRole(OwnRole):
    """The role of one application; it may do nothing until something is granted to it.

    Its `instance_profile` is for `Compute.ec2_instance()`, and None for everything else.

    :param compute: what the application runs on.
    :param path: IAM path, which detection matches on.
    """

    def __init__(self, scope: Construct, construct_id: str, *, compute: Compute, path: str) -> None:
        super().__init__(
            scope,
            construct_id,
            assumed_by=compute.trusted(scope),
            path=path,
            description=f"{construct_id}: an application that reads its current database credential",
        )
        self.instance_profile: iam.InstanceProfile | None = compute.equip(self)

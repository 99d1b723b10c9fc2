"""Roles under which applications run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import Construct


@dataclass(frozen=True, kw_only=True)
class Compute:
    """What an application runs on: who may assume its role; made by a factory such as :meth:`ecs_task`.

    :param service: the AWS service that assumes the role.
    :param source_service: the service whose resources the role is assumed for, as ARNs name it.
    """

    service: str
    source_service: str

    @classmethod
    def ecs_task(cls) -> Compute:
        """Return a task of Amazon ECS, on Fargate or EC2."""
        return cls(service="ecs-tasks.amazonaws.com", source_service="ecs")

    def principal(self, scope: Construct) -> iam.IPrincipal:
        """Return the service, limited to this account's resources (no confused deputy)."""
        return iam.ServicePrincipal(self.service, conditions=self._from_this_account(Stack.of(scope)))

    def _from_this_account(self, stack: Stack) -> Mapping[str, Mapping[str, str]]:
        source = stack.format_arn(service=self.source_service, resource="*", arn_format=ArnFormat.NO_RESOURCE_NAME)
        return {"StringEquals": {"aws:SourceAccount": stack.account}, "ArnLike": {"aws:SourceArn": source}}


class ConsumerRole(iam.Role):
    """The role of one application; it may do nothing until something is granted to it.

    :param compute: what the application runs on.
    :param path: IAM path, which detection matches on.
    """

    def __init__(self, scope: Construct, construct_id: str, *, compute: Compute, path: str) -> None:
        super().__init__(
            scope,
            construct_id,
            assumed_by=compute.principal(scope),
            path=path,
            description=f"{construct_id}: an application that reads its current database credential",
        )

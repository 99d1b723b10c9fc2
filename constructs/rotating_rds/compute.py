"""What applications run on: who assumes their roles, and what a role has to have for that."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from aws_cdk import ArnFormat, Stack, Token
from aws_cdk import aws_iam as iam

from rotating_rds.errors import DeclarationError
from rotating_rds.network_interfaces import allow_network_interfaces

if TYPE_CHECKING:
    from constructs import Construct

# Names of Kubernetes ("Object Names and IDs"), and of clusters of Amazon EKS (CreateCluster, in its API reference).
_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_SUBDOMAIN = r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?"
_CLUSTER = r"[0-9A-Za-z][\w-]{0,99}"
_ISSUER = r"[a-z0-9][a-z0-9.-]*\.[a-z]{2,}(/[\w./-]+)?"


class Compute(ABC):
    """What an application runs on; made by one of its factories."""

    @abstractmethod
    def trusted(self, scope: Construct) -> iam.IPrincipal:
        """Return who may assume the role, which is a child of *scope*."""

    def equip(self, role: iam.Role) -> iam.InstanceProfile | None:  # noqa: ARG002  # most need a trust policy only
        """Give *role* what the kind takes beside a trust policy; return the instance profile that EC2 asks for."""
        return None

    @staticmethod
    def ecs_task() -> Compute:
        """Return a task of Amazon ECS, on Fargate or EC2: the role is its task role, not its execution role."""
        return _Service(service="ecs-tasks.amazonaws.com", source_service="ecs")

    @staticmethod
    def ec2_instance() -> Compute:
        """Return an instance of Amazon EC2; the role comes with an instance profile, as `instance_profile`."""
        return _Instance(service="ec2.amazonaws.com")

    @staticmethod
    def lambda_function() -> Compute:
        """Return a Lambda function in a VPC; grant it its own log group with `log_group.grant_write(role)`."""
        return _Function(service="lambda.amazonaws.com")

    @staticmethod
    def eks_pod_identity(*, cluster_name: str, namespace: str, service_account: str) -> Compute:
        """Return pods of Amazon EKS that get credentials from the agent of EKS Pod Identity.

        The association of role and service account is made by whoever runs the cluster.

        :param cluster_name: the cluster, in this account and region.
        :param namespace: of the pods.
        :param service_account: of the pods.
        :raises DeclarationError: if one of them is no such name.
        """
        return _PodIdentity(
            cluster_name=_name("cluster_name", cluster_name, _CLUSTER),
            namespace=_name("namespace", namespace, _LABEL),
            service_account=_name("service_account", service_account, _SUBDOMAIN),
        )

    @staticmethod
    def eks_service_account(*, issuer: str, namespace: str, service_account: str) -> Compute:
        """Return pods of a Kubernetes cluster whose tokens this account trusts (IRSA: IAM roles for service accounts).

        :param issuer: URL of the cluster's OpenID Connect provider, which IAM of this account has to know.
        :param namespace: of the pods.
        :param service_account: of the pods.
        :raises DeclarationError: if one of them is no such name.
        """
        return _ServiceAccount(
            issuer=_name("issuer", issuer.removeprefix("https://").rstrip("/"), _ISSUER),
            namespace=_name("namespace", namespace, _LABEL),
            service_account=_name("service_account", service_account, _SUBDOMAIN),
        )

    @staticmethod
    def principal(principal: iam.IPrincipal) -> Compute:
        """Return whatever *principal* stands for, with conditions if it has some.

        :param principal: such as another service, or a federation.
        :raises DeclarationError: if it stands for everybody, or for a whole account.
        """
        if isinstance(principal, (iam.AnyPrincipal, iam.StarPrincipal, iam.AccountPrincipal)):
            raise DeclarationError(
                f"The principal {type(principal).__name__} would let whoever may call STS read a credential: name the "
                "one service, role or federation that the application runs under."
            )
        return _Principal(principal)


@dataclass(frozen=True, kw_only=True)
class _Service(Compute):
    """An AWS service.

    :param service: who assumes the role.
    :param source_service: the service whose resources the role is assumed for, as ARNs name it; None if the service
        does not say for whom it asks.
    """

    service: str
    source_service: str | None = None

    def trusted(self, scope: Construct) -> iam.IPrincipal:
        """Return the service; where it says for whom it asks, for this account's resources (no confused deputy)."""
        if self.source_service is None:
            return iam.ServicePrincipal(self.service)
        stack = Stack.of(scope)
        source = stack.format_arn(service=self.source_service, resource="*", arn_format=ArnFormat.NO_RESOURCE_NAME)
        conditions = {"StringEquals": {"aws:SourceAccount": stack.account}, "ArnLike": {"aws:SourceArn": source}}
        return iam.ServicePrincipal(self.service, conditions=conditions)


class _Instance(_Service):
    def equip(self, role: iam.Role) -> iam.InstanceProfile | None:
        """Return what the role is passed to an instance in."""
        return iam.InstanceProfile(role, "InstanceProfile", role=role, path=_path(role))


class _Function(_Service):
    def equip(self, role: iam.Role) -> iam.InstanceProfile | None:
        """Let Lambda attach the function to its network."""
        allow_network_interfaces(role)
        return None


@dataclass(frozen=True, kw_only=True)
class _PodIdentity(Compute):
    """Source: "Create IAM role with trust policy required by EKS Pod Identity" in the Amazon EKS User Guide."""

    cluster_name: str
    namespace: str
    service_account: str

    def trusted(self, scope: Construct) -> iam.IPrincipal:
        """Return the service, for this account's pods under one service account."""
        service = iam.ServicePrincipal(
            "pods.eks.amazonaws.com",
            conditions={
                "StringEquals": {
                    "aws:SourceAccount": Stack.of(scope).account,
                    "aws:RequestTag/eks-cluster-name": self.cluster_name,
                    "aws:RequestTag/kubernetes-namespace": self.namespace,
                    "aws:RequestTag/kubernetes-service-account": self.service_account,
                }
            },
        )
        return cast("iam.IPrincipal", service.with_session_tags())


@dataclass(frozen=True, kw_only=True)
class _ServiceAccount(Compute):
    """Source: "Assign IAM roles to Kubernetes service accounts" in the Amazon EKS User Guide."""

    issuer: str
    namespace: str
    service_account: str

    def trusted(self, scope: Construct) -> iam.IPrincipal:
        """Return the provider of identities, for tokens of one service account that were issued for STS."""
        provider = Stack.of(scope).format_arn(
            service="iam", region="", resource="oidc-provider", resource_name=self.issuer
        )
        conditions = {
            "StringEquals": {
                f"{self.issuer}:aud": "sts.amazonaws.com",
                f"{self.issuer}:sub": f"system:serviceaccount:{self.namespace}:{self.service_account}",
            }
        }
        return iam.WebIdentityPrincipal(provider, conditions)


@dataclass(frozen=True)
class _Principal(Compute):
    given: iam.IPrincipal

    def trusted(self, scope: Construct) -> iam.IPrincipal:  # noqa: ARG002  # it was given whole
        """Return what was given."""
        return self.given


def _path(role: iam.Role) -> str:
    return str(cast("iam.CfnRole", role.node.default_child).path)


def _name(prop: str, value: str, pattern: str) -> str:
    if Token.is_unresolved(value):
        raise DeclarationError(f"{prop} of a pod is only known at deployment: give it as literal text.")
    if not re.fullmatch(pattern, value):
        raise DeclarationError(f"{prop} {value!r} is no such name of Kubernetes or EKS: give it as the cluster has it.")
    return value

"""What each kind of application gets: a trust policy for it alone, and what that kind takes beside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import aws_iam as iam

from rotating_rds import Compute, DeclarationError
from tests.support.declarations import new_declaration

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.templates import Template

ACCOUNT = {"aws:SourceAccount": "${AWS::AccountId}"}
PODS = {"namespace": "shop", "service_account": "orders"}
ISSUER = "oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"
TRUST: dict[str, tuple[Compute, dict[str, Any]]] = {
    "ecs_task": (
        Compute.ecs_task(),
        {
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
            "Condition": {
                "StringEquals": ACCOUNT,
                "ArnLike": {"aws:SourceArn": "arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:*"},
            },
        },
    ),
    "ec2_instance": (
        Compute.ec2_instance(),
        {"Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}},
    ),
    "lambda_function": (
        Compute.lambda_function(),
        {"Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}},
    ),
    "eks_pod_identity": (
        Compute.eks_pod_identity(cluster_name="main", **PODS),
        {
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Condition": {
                "StringEquals": {
                    **ACCOUNT,
                    "aws:RequestTag/eks-cluster-name": "main",
                    "aws:RequestTag/kubernetes-namespace": "shop",
                    "aws:RequestTag/kubernetes-service-account": "orders",
                }
            },
        },
    ),
    "eks_service_account": (
        Compute.eks_service_account(issuer=f"https://{ISSUER}", **PODS),
        {
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {"Federated": f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:oidc-provider/{ISSUER}"},
            "Condition": {
                "StringEquals": {
                    f"{ISSUER}:aud": "sts.amazonaws.com",
                    f"{ISSUER}:sub": "system:serviceaccount:shop:orders",
                }
            },
        },
    ),
    "principal": (
        Compute.principal(iam.ServicePrincipal("batch.amazonaws.com")),
        {"Action": "sts:AssumeRole", "Principal": {"Service": "batch.amazonaws.com"}},
    ),
}


def consumer_of(compute: Compute) -> Template:
    """Return the template of a database with one consumer, `Api`."""
    declaration = new_declaration()
    declaration.database().add_consumer("Api", compute)
    return declaration.template()


@pytest.mark.parametrize(("compute", "trust"), TRUST.values(), ids=TRUST)
def test_a_role_is_assumed_by_its_application_alone(compute: Compute, trust: dict[str, Any]) -> None:
    """One statement: who, and under which conditions."""
    document = consumer_of(compute).properties("AWS::IAM::Role", "Orders/Api")["AssumeRolePolicyDocument"]
    actions = [statement.pop("Action") for statement in document["Statement"]]
    expected = {"Effect": "Allow", **trust}
    wanted = expected.pop("Action")
    assert sorted(action for listed in actions for action in ([listed] if isinstance(listed, str) else listed)) == (
        [wanted] if isinstance(wanted, str) else wanted
    )
    assert all(statement == expected for statement in document["Statement"])


@pytest.mark.parametrize("compute", [compute for compute, _ in TRUST.values()], ids=TRUST)
def test_every_kind_reads_the_current_value_of_its_secret(compute: Compute) -> None:
    """Two statements, and for a function in a network those that Lambda needs and its code must not use."""
    statements = consumer_of(compute).statements("Orders/Api")
    secrets = [statement for statement in statements if "Sid" not in statement]
    assert [statement["Action"] for statement in secrets] == ["secretsmanager:GetSecretValue", "kms:Decrypt"]
    assert all(statement["Condition"] for statement in secrets)
    others = {statement["Sid"] for statement in statements if "Sid" in statement}
    interfaces = {"NetworkInterfaces", "NetworkInterfacesAreNotForCode"}
    assert others == (interfaces if compute is TRUST["lambda_function"][0] else set())


def test_an_instance_comes_with_its_profile() -> None:
    """EC2 takes roles in profiles only; it is below the same path."""
    declaration = new_declaration()
    role = declaration.database().add_consumer("Api", Compute.ec2_instance())
    assert role.instance_profile is not None
    profile = declaration.template().properties("AWS::IAM::InstanceProfile")
    assert (profile["Roles"], profile["Path"]) == (["${Orders/Api}"], "/rotating-rds/")


def test_everything_else_comes_without_a_profile() -> None:
    """There is nothing to pass."""
    assert new_declaration().database().add_consumer("Api", Compute.ecs_task()).instance_profile is None


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda: Compute.eks_pod_identity(cluster_name="a b", **PODS),
            "cluster_name 'a b' is no such name of Kubernetes or EKS: give it as the cluster has it.",
        ),
        (
            lambda: Compute.eks_pod_identity(cluster_name="main", namespace="*", service_account="orders"),
            "namespace '*' is no such name of Kubernetes or EKS: give it as the cluster has it.",
        ),
        (
            lambda: Compute.eks_service_account(issuer=ISSUER, namespace="shop", service_account="*"),
            "service_account '*' is no such name of Kubernetes or EKS: give it as the cluster has it.",
        ),
        (
            lambda: Compute.eks_service_account(issuer="main", **PODS),
            "issuer 'main' is no such name of Kubernetes or EKS: give it as the cluster has it.",
        ),
        (
            lambda: Compute.principal(iam.AnyPrincipal()),
            (
                "The principal AnyPrincipal would let whoever may call STS read a credential: name the one service, "
                "role or federation that the application runs under."
            ),
        ),
        (
            lambda: Compute.principal(iam.AccountRootPrincipal()),
            (
                "The principal AccountRootPrincipal would let whoever may call STS read a credential: name the one "
                "service, role or federation that the application runs under."
            ),
        ),
    ],
)
def test_what_would_trust_too_many_is_refused(make: Callable[[], Compute], sentence: str) -> None:
    """A wildcard in a trust policy is an open door."""
    with pytest.raises(DeclarationError) as refused:
        make()
    assert str(refused.value) == sentence

"""How pods of an EKS cluster get a role: Pod Identity associations, and tokens of service accounts (IRSA)."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import emulated
from tests.support.emulated import statement

if TYPE_CHECKING:
    from localcloud.cloud import LocalCloud

ISSUER = "oidc.eks.us-east-1.amazonaws.com/id"
ORDERS = "system:serviceaccount:shop:orders"


def trust(principal: dict[str, str], actions: list[str], **condition: Any) -> dict[str, Any]:
    """Return a trust policy."""
    allow = statement("Allow", actions, "*", **condition)
    del allow["Resource"]
    return {"Version": "2012-10-17", "Statement": [{**allow, "Principal": principal}]}


def role(document: dict[str, Any]) -> dict[str, Any]:
    """Return a role that may list secrets."""
    policy = {
        "PolicyName": "p",
        "PolicyDocument": json.loads(emulated.policy(statement("Allow", "secretsmanager:ListSecrets", "*"))),
    }
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": document, "Policies": [policy]}}


def test_a_pod_identity_association_is_created_changed_and_deleted(cloud: LocalCloud, stack: str) -> None:
    """Another role changes the association in place, another service account replaces it."""
    api, pods = cloud.client("eks"), {"Service": "pods.eks.amazonaws.com"}
    cluster = {
        "RoleArn": {"Fn::GetAtt": ["Master", "Arn"]},
        "ResourcesVpcConfig": {"SubnetIds": ["subnet-1", "subnet-2"]},
    }
    base = {
        "Master": role(trust({"Service": "eks.amazonaws.com"}, ["sts:AssumeRole"])),
        "Cluster": {"Type": "AWS::EKS::Cluster", "Properties": cluster},
        "One": role(trust(pods, ["sts:AssumeRole", "sts:TagSession"])),
        "Two": role(trust(pods, ["sts:AssumeRole", "sts:TagSession"])),
    }
    outputs = {"Cluster": {"Ref": "Cluster"}, "Two": {"Fn::GetAtt": ["Two", "Arn"]}}

    def deployed(which: str, account: str) -> list[dict[str, Any]]:
        pod = {"ClusterName": {"Ref": "Cluster"}, "Namespace": "shop", "ServiceAccount": account}
        properties = {**pod, "RoleArn": {"Fn::GetAtt": [which, "Arn"]}}
        association = {"Type": "AWS::EKS::PodIdentityAssociation", "Properties": properties}
        extra = {"Association": association} if account else {}
        assert emulated.deploy(cloud, stack, base | extra, outputs).endswith("E_COMPLETE")
        name = emulated.outputs(cloud, stack)["Cluster"]
        listed = api.list_pod_identity_associations(clusterName=name)["associations"]
        ids = [found["associationId"] for found in listed]
        return [
            api.describe_pod_identity_association(clusterName=name, associationId=each)["association"] for each in ids
        ]

    (first,) = deployed("One", "orders")
    (second,) = deployed("Two", "orders")
    assert (second["associationId"], second["roleArn"]) == (
        first["associationId"],
        emulated.outputs(cloud, stack)["Two"],
    )
    (third,) = deployed("Two", "billing")
    assert (third["associationId"] != first["associationId"], third["serviceAccount"]) == (True, "billing")
    assert deployed("Two", "") == []


def test_an_association_needs_its_cluster(cloud: LocalCloud) -> None:
    """The reason is EKS's own."""
    name = emulated.unique("stack")
    pod = {"ClusterName": "nowhere", "Namespace": "shop", "ServiceAccount": "orders"}
    properties = {**pod, "RoleArn": f"arn:aws:iam::{cloud.account}:role/r"}
    association = {"Type": "AWS::EKS::PodIdentityAssociation", "Properties": properties}
    assert emulated.deploy(cloud, name, {"Association": association}) == "ROLLBACK_COMPLETE"
    assert "No cluster found for name: nowhere." in emulated.failure_reasons(cloud, name)


@pytest.fixture(scope="module")
def issuer(cloud: LocalCloud) -> str:
    """Deploy a provider and a role of one service account, `irsa`; return the issuer without its scheme."""
    found = f"{ISSUER}/{emulated.unique('cluster')}"
    provider = {"Url": f"https://{found}", "ClientIdList": ["sts.amazonaws.com"], "ThumbprintList": ["0" * 40]}
    account = trust(
        {"Federated": f"arn:aws:iam::{cloud.account}:oidc-provider/{found}"},
        ["sts:AssumeRoleWithWebIdentity"],
        StringEquals={f"{found}:sub": ORDERS, f"{found}:aud": "sts.amazonaws.com"},
    )
    resources = {"Provider": {"Type": "AWS::IAM::OIDCProvider", "Properties": provider}, "Role": role(account)}
    resources["Role"]["Properties"]["RoleName"] = "irsa"
    assert emulated.deploy(cloud, "irsa", resources, {"Provider": {"Ref": "Provider"}}) == "CREATE_COMPLETE"
    assert emulated.outputs(cloud, "irsa")["Provider"] == f"arn:aws:iam::{cloud.account}:oidc-provider/{found}"
    return found


def token(**claims: Any) -> str:
    """Return a token as a cluster's issuer writes it; nobody verifies its signature here."""
    parts = ({"alg": "RS256"}, {"exp": int(time.time()) + 600, **claims})
    encoded = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
    return ".".join([*encoded, "signature"])


def assume(cloud: LocalCloud, web_identity: str) -> dict[str, Any]:
    """Assume the role of the service account."""
    answer: dict[str, Any] = cloud.client("sts").assume_role_with_web_identity(
        RoleArn=f"arn:aws:iam::{cloud.account}:role/irsa", RoleSessionName="pod", WebIdentityToken=web_identity
    )
    return answer


def test_the_service_account_acts_as_its_role(cloud: LocalCloud, issuer: str) -> None:
    """The credentials are a session of the role, with its permissions and no others."""
    answer = assume(cloud, token(iss=f"https://{issuer}", aud=["sts.amazonaws.com"], sub=ORDERS))
    assert answer["AssumedRoleUser"]["Arn"].endswith(":assumed-role/irsa/pod")
    api = emulated.client_with(cloud, "secretsmanager", answer["Credentials"])
    assert emulated.error_of(api.list_secrets) == ""
    assert emulated.error_of(api.create_secret, Name="x", SecretString="x") == "AccessDeniedException"


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({"sub": "system:serviceaccount:shop:billing"}, "AccessDenied"),
        ({"sub": "system:serviceaccount:other:orders"}, "AccessDenied"),
        ({"aud": ["another.audience"]}, "InvalidIdentityToken"),
        ({"iss": f"https://{ISSUER}/foreign"}, "InvalidIdentityToken"),
        ({"exp": 1}, "ExpiredTokenException"),
    ],
    ids=["another account", "another namespace", "another audience", "a foreign cluster", "expired"],
)
def test_another_token_is_refused(cloud: LocalCloud, issuer: str, claims: dict[str, Any], error: str) -> None:
    """One wrong claim is enough."""
    right = {"iss": f"https://{issuer}", "aud": ["sts.amazonaws.com"], "sub": ORDERS}
    assert emulated.error_of(lambda: assume(cloud, token(**(right | claims)))) == error


def test_a_removed_provider_takes_the_way_in(cloud: LocalCloud, stack: str) -> None:
    """A provider changes in place and is gone with its resource."""
    url, iam = f"https://{ISSUER}/{emulated.unique('cluster')}", cloud.client("iam")
    arn = f"arn:aws:iam::{cloud.account}:oidc-provider/{url.removeprefix('https://')}"
    other = {"Topic": {"Type": "AWS::SNS::Topic"}}

    def audiences(*ids: str) -> list[str]:
        provider = {"Type": "AWS::IAM::OIDCProvider", "Properties": {"Url": url, "ClientIdList": [*ids]}}
        emulated.deploy(cloud, stack, {**other, "Provider": provider})
        found: list[str] = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ClientIDList"]
        return found

    assert [audiences("one"), audiences("one", "two")] == [["one"], ["one", "two"]]
    emulated.deploy(cloud, stack, other)
    assert emulated.error_of(iam.get_open_id_connect_provider, OpenIDConnectProviderArn=arn) == "NoSuchEntity"

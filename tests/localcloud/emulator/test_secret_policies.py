"""Resource policies of secrets: the CloudFormation type, and which policies are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import emulated
from tests.support.emulated import OTHER_ACCOUNT, statement

if TYPE_CHECKING:
    from localcloud.cloud import LocalCloud

READ = "secretsmanager:GetSecretValue"
SECRET = {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": "first value"}}
OUTPUTS = {"Secret": {"Ref": "Secret"}}


def policy_resource(*statements: dict[str, Any], **properties: Any) -> dict[str, Any]:
    """Return a resource policy on the stack's secret."""
    document = {"Version": "2012-10-17", "Statement": [*statements]}
    everything = {"SecretId": {"Ref": "Secret"}, "ResourcePolicy": document, **properties}
    return {"Type": "AWS::SecretsManager::ResourcePolicy", "Properties": everything}


def everybody(effect: str, *actions: str, **condition: Any) -> dict[str, Any]:
    """Return a statement about everybody."""
    return {**statement(effect, [*actions], "*", **condition), "Principal": "*"}


def test_a_resource_policy_is_attached_changed_and_detached(cloud: LocalCloud, stack: str) -> None:
    """The policy restricts readers while the resource exists, in its newest version."""
    emulated.deploy(cloud, stack, {"Secret": SECRET}, OUTPUTS)
    arn = emulated.outputs(cloud, stack)["Secret"]
    role = emulated.create_role(cloud, statement("Allow", "secretsmanager:*", arn))
    reader = cloud.client("secretsmanager", role=role)

    def denied(policy: dict[str, Any] | None) -> tuple[bool, bool]:
        emulated.deploy(cloud, stack, {"Secret": SECRET} | ({"Policy": policy} if policy else {}), OUTPUTS)
        calls = (reader.get_secret_value, reader.describe_secret)
        first, second = (emulated.error_of(call, SecretId=arn) == "AccessDeniedException" for call in calls)
        return first, second

    assert denied(policy_resource(everybody("Deny", READ))) == (True, False)
    assert denied(policy_resource(everybody("Deny", "secretsmanager:DescribeSecret"))) == (False, True)
    assert denied(None) == (False, False)


BROAD = [
    everybody("Allow", READ),
    {**statement("Allow", READ, "*"), "Principal": {"AWS": ["*"]}},
    everybody("Allow", READ, StringLike={"aws:PrincipalArn": "*"}),
    everybody("Allow", READ, StringNotEquals={"aws:PrincipalAccount": OTHER_ACCOUNT}),
    everybody("Allow", READ, StringEquals={"secretsmanager:VersionStage": "AWSCURRENT"}),
]
CLOSED = [
    everybody("Deny", READ),
    {**statement("Allow", READ, "*"), "Principal": {"AWS": emulated.ACCOUNT_ROOT}},
    everybody("Allow", READ, StringEquals={"aws:PrincipalAccount": OTHER_ACCOUNT}),
    everybody("Allow", READ, ArnLike={"aws:PrincipalArn": "arn:aws:iam::111122223333:role/rotating-rds/*"}),
]


@pytest.mark.parametrize(("broad", "document"), [(True, each) for each in BROAD] + [(False, each) for each in CLOSED])
def test_broad_access_is_blocked_on_request(cloud: LocalCloud, document: dict[str, Any], *, broad: bool) -> None:
    """BlockPublicPolicy refuses a statement that lets everybody in; without it any policy is taken."""
    api, secret, text = cloud.client("secretsmanager"), emulated.create_secret(cloud), emulated.policy(document)
    request = {"SecretId": secret, "ResourcePolicy": text}
    error = emulated.error_of(api.put_resource_policy, BlockPublicPolicy=True, **request)
    assert error == ("PublicPolicyException" if broad else "")
    assert emulated.error_of(api.put_resource_policy, **request) == ""


def test_the_resource_blocks_broad_access_unless_told_otherwise(cloud: LocalCloud, stack: str) -> None:
    """CloudFormation's default is the opposite of the API's."""
    name = emulated.unique("stack")
    broad = {"Secret": SECRET, "Policy": policy_resource(everybody("Allow", READ))}
    assert emulated.deploy(cloud, name, broad) == "ROLLBACK_COMPLETE"
    assert "PublicPolicyException" in emulated.failure_reasons(cloud, name)
    broad["Policy"] = policy_resource(everybody("Allow", READ), BlockPublicPolicy=False)
    assert emulated.deploy(cloud, stack, broad) == "CREATE_COMPLETE"


@pytest.mark.parametrize(
    "document",
    [
        "no JSON",
        "{}",
        emulated.policy({"Effect": "Maybe", "Principal": "*", "Action": READ, "Resource": "*"}),
        emulated.policy(
            {**statement("Deny", READ, "*"), "Principal": {"AWS": "arn:aws:iam::000000000000:role/nobody"}}
        ),
    ],
    ids=["no JSON", "no statement", "no effect", "an unknown role"],
)
def test_a_policy_that_says_nothing_sensible_is_refused(cloud: LocalCloud, document: str) -> None:
    """A role that does not exist is no principal, whatever the statement says of it."""
    api, secret = cloud.client("secretsmanager"), emulated.create_secret(cloud)
    error = emulated.error_of(api.put_resource_policy, SecretId=secret, ResourcePolicy=document)
    assert error == "MalformedPolicyDocumentException"
    assert "ResourcePolicy" not in api.get_resource_policy(SecretId=secret)


def test_a_role_is_a_principal_once_it_exists(cloud: LocalCloud) -> None:
    """In this account and in another one."""
    api, secret = cloud.client("secretsmanager"), emulated.create_secret(cloud)
    own = cloud.client("iam").get_role(RoleName=emulated.create_role(cloud, path="/rotating-rds/"))["Role"]["Arn"]
    principals = [own, emulated.create_role(cloud, account=OTHER_ACCOUNT)]
    admit = {**statement("Allow", READ, "*"), "Principal": {"AWS": principals}}
    api.put_resource_policy(SecretId=secret, ResourcePolicy=emulated.policy(admit), BlockPublicPolicy=True)
    assert own in api.get_resource_policy(SecretId=secret)["ResourcePolicy"]

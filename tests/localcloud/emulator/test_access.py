"""What the emulator's IAM and KMS decide about reading and writing a secret, as AWS would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import emulated
from tests.support.emulated import statement

if TYPE_CHECKING:
    from localcloud.cloud import LocalCloud

DENIED = "AccessDeniedException"
READ = "secretsmanager:GetSecretValue"
VIA_SECRETS_MANAGER = {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"}


def read(cloud: LocalCloud, role: str, secret: str, **which: str) -> str:
    """Return the error code of a role's GetSecretValue; empty when it gets the value."""
    return emulated.error_of(cloud.client("secretsmanager", role=role).get_secret_value, SecretId=secret, **which)


def test_a_statement_for_one_secret_admits_no_other(cloud: LocalCloud) -> None:
    """A role that may read one secret's ARN is denied another one's."""
    ours, other = emulated.create_secret(cloud), emulated.create_secret(cloud)
    role = emulated.create_role(cloud, statement("Allow", READ, ours))
    assert read(cloud, role, ours) == ""
    assert read(cloud, role, other) == DENIED


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ({}, ""),
        ({"VersionStage": "AWSCURRENT"}, ""),
        ({"VersionStage": "AWSPREVIOUS"}, DENIED),
        ({"VersionId": "of-current"}, DENIED),
    ],
    ids=["default", "current", "previous", "id-only"],
)
def test_a_condition_on_the_staging_label_holds(cloud: LocalCloud, which: dict[str, str], expected: str) -> None:
    """A statement restricted to AWSCURRENT admits that label alone, which is also the default."""
    secret = emulated.create_secret(cloud)
    version = cloud.client("secretsmanager").put_secret_value(SecretId=secret, SecretString="second")["VersionId"]
    condition = {"secretsmanager:VersionStage": "AWSCURRENT"}
    role = emulated.create_role(cloud, statement("Allow", READ, secret, StringEquals=condition))
    which = {key: version if value == "of-current" else value for key, value in which.items()}
    assert read(cloud, role, secret, **which) == expected


def test_an_allowlist_of_principals_compares_the_role(cloud: LocalCloud) -> None:
    """aws:PrincipalArn is the role's ARN with its path, so that a deny of everybody else spares the role."""
    secret = emulated.create_secret(cloud)
    listed = emulated.create_role(cloud, statement("Allow", READ, secret), path="/rotating-rds/test/")
    unlisted = emulated.create_role(cloud, statement("Allow", READ, secret))
    arn = cloud.client("iam").get_role(RoleName=listed)["Role"]["Arn"]
    deny = statement("Deny", READ, "*", ArnNotEquals={"aws:PrincipalArn": arn})
    document = emulated.policy({**deny, "Principal": "*"})
    cloud.client("secretsmanager").put_resource_policy(SecretId=secret, ResourcePolicy=document)
    assert read(cloud, listed, secret) == ""
    assert read(cloud, unlisted, secret) == DENIED


@pytest.mark.parametrize("key", ["secretsmanager:ResourceTag/team", "aws:ResourceTag/team"])
def test_a_condition_on_the_secrets_tag_holds(cloud: LocalCloud, key: str) -> None:
    """A statement for one team's secrets admits a secret with that tag and no other."""
    role = emulated.create_role(cloud, statement("Allow", READ, "*", StringEquals={key: "orders"}))
    ours = emulated.create_secret(cloud, Tags=[{"Key": "team", "Value": "orders"}])
    other = emulated.create_secret(cloud, Tags=[{"Key": "team", "Value": "billing"}])
    assert [read(cloud, role, ours), read(cloud, role, other)] == ["", DENIED]


def test_a_secret_with_a_key_needs_permission_for_the_key(cloud: LocalCloud) -> None:
    """GetSecretValue alone is not enough for a secret under a customer key."""
    key = emulated.create_key(cloud)
    secret = emulated.create_secret(cloud, KmsKeyId=key)
    without = emulated.create_role(cloud, statement("Allow", READ, secret))
    with_key = emulated.create_role(cloud, statement("Allow", READ, secret), statement("Allow", "kms:Decrypt", key))
    assert read(cloud, without, secret) == DENIED
    assert read(cloud, with_key, secret) == ""


@pytest.mark.parametrize(
    ("operator", "condition", "expected"),
    [
        ("StringEquals", VIA_SECRETS_MANAGER, ""),
        ("StringEquals", {"kms:ViaService": "rds.us-east-1.amazonaws.com"}, DENIED),
        ("StringEquals", {"kms:CallerAccount": "000000000000"}, ""),
        ("StringEquals", {"kms:EncryptionContext:SecretARN": "<this>"}, ""),
        ("StringEquals", {"kms:EncryptionContext:SecretARN": "<other>"}, DENIED),
        ("StringLike", {"kms:EncryptionContext:SecretVersionId": "*-*-*"}, ""),
        ("ForAllValues:StringEquals", {"kms:EncryptionContextKeys": ["SecretARN", "SecretVersionId"]}, ""),
        ("ForAllValues:StringEquals", {"kms:EncryptionContextKeys": ["SecretARN"]}, DENIED),
    ],
)
def test_conditions_on_the_use_of_the_key_hold(
    cloud: LocalCloud, operator: str, condition: dict[str, Any], expected: str
) -> None:
    """The key is used through Secrets Manager, with the secret's ARN and version as encryption context."""
    key = emulated.create_key(cloud)
    secret, other = (emulated.create_secret(cloud, KmsKeyId=key) for _ in range(2))
    names = {"<this>": secret, "<other>": other}
    condition = {
        name: names.get(value, value) if isinstance(value, str) else value for name, value in condition.items()
    }
    decrypt = statement("Allow", "kms:Decrypt", key, **{operator: condition})
    role = emulated.create_role(cloud, statement("Allow", READ, secret), decrypt)
    assert read(cloud, role, secret) == expected


def test_the_key_policy_must_admit_the_reader_too(cloud: LocalCloud) -> None:
    """A key policy that neither delegates to IAM nor names the role keeps it out, whatever its own policy says."""
    administrator = {**statement("Allow", "kms:DescribeKey", "*"), "Principal": {"AWS": emulated.ACCOUNT_ROOT}}
    key = emulated.create_key(cloud, administrator)
    secret = emulated.create_secret(cloud, KmsKeyId=key)
    role = emulated.create_role(cloud, statement("Allow", READ, secret), statement("Allow", "kms:*", "*"))
    assert read(cloud, role, secret) == DENIED


def test_a_disabled_key_stops_reading_and_writing(cloud: LocalCloud) -> None:
    """Even the root gets neither value nor new version while the key is disabled, and both when it is enabled again."""
    key = emulated.create_key(cloud)
    secret = emulated.create_secret(cloud, KmsKeyId=key)
    api, kms = cloud.client("secretsmanager"), cloud.client("kms")
    kms.disable_key(KeyId=key)
    assert emulated.error_of(api.get_secret_value, SecretId=secret) == "DecryptionFailure"
    assert emulated.error_of(api.put_secret_value, SecretId=secret, SecretString="new") == "EncryptionFailure"
    kms.enable_key(KeyId=key)
    assert api.get_secret_value(SecretId=secret)["SecretString"] == "first value"


def test_writing_needs_a_data_key(cloud: LocalCloud) -> None:
    """PutSecretValue under a customer key needs kms:GenerateDataKey, for which kms:Decrypt is no substitute."""
    key = emulated.create_key(cloud)
    secret = emulated.create_secret(cloud, KmsKeyId=key)
    write = statement("Allow", "secretsmanager:PutSecretValue", secret)
    errors = [
        emulated.error_of(
            cloud.client(
                "secretsmanager", role=emulated.create_role(cloud, write, statement("Allow", action, key))
            ).put_secret_value,
            SecretId=secret,
            SecretString="new",
        )
        for action in ("kms:Decrypt", "kms:GenerateDataKey")
    ]
    assert errors == [DENIED, ""]


def test_a_batch_checks_each_secret_and_its_key(cloud: LocalCloud) -> None:
    """BatchGetSecretValue reports per secret what the role may not read, by its own policy or the key's."""
    key = emulated.create_key(cloud)
    plain, encrypted, foreign = (
        emulated.create_secret(cloud),
        emulated.create_secret(cloud, KmsKeyId=key),
        emulated.create_secret(cloud),
    )
    role = emulated.create_role(
        cloud,
        statement("Allow", READ, [plain, encrypted]),
        statement("Allow", "secretsmanager:BatchGetSecretValue", "*"),
    )
    api = cloud.client("secretsmanager", role=role)
    answer = api.batch_get_secret_value(SecretIdList=[plain, encrypted, foreign])
    assert [value["ARN"] for value in answer["SecretValues"]] == [plain]
    assert {error["SecretId"]: error["ErrorCode"] for error in answer["Errors"]} == {encrypted: DENIED, foreign: DENIED}


def test_the_credentials_endpoint_hands_out_the_roles_identity(cloud: LocalCloud) -> None:
    """Keys from the control API are a session of the role."""
    role = emulated.create_role(cloud)
    arn = cloud.client("sts", role=role).get_caller_identity()["Arn"]
    assert arn.startswith(f"arn:aws:sts::000000000000:assumed-role/{role}/")


def test_a_function_acts_as_its_own_role(cloud: LocalCloud) -> None:
    """A function's credentials are a session of the role that it was created with."""
    source = """
        import boto3

        def handler(event, context):
            return boto3.client("sts").get_caller_identity()["Arn"]
    """
    function = emulated.create_function(cloud, source)
    role = cloud.client("lambda").get_function(FunctionName=function)["Configuration"]["Role"].rsplit("/", 1)[-1]
    assert emulated.invoke(cloud, function).startswith(f"arn:aws:sts::000000000000:assumed-role/{role}/")

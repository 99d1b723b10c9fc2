"""Reading a secret of another account takes three policies: the reader's, the secret's and its key's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import emulated
from tests.support.emulated import OTHER_ACCOUNT, statement

if TYPE_CHECKING:
    from localcloud.cloud import LocalCloud

DENIED = "AccessDeniedException"
READ = "secretsmanager:GetSecretValue"
CURRENT = {"secretsmanager:VersionStage": "AWSCURRENT"}
THROUGH = {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"}


def share(cloud: LocalCloud, reader: str, missing: str = "", **stage: Any) -> tuple[str, str]:
    """Make a secret that the role of another account may read, but for one missing policy; return it and its key."""
    api, kms = cloud.client("secretsmanager"), cloud.client("kms")
    key = emulated.create_key(cloud)
    secret = emulated.create_secret(cloud, KmsKeyId=key)
    own = {**statement("Allow", "kms:*", "*"), "Principal": {"AWS": emulated.ACCOUNT_ROOT}}
    used_for = {**THROUGH, "kms:EncryptionContext:SecretARN": secret, "kms:CallerAccount": OTHER_ACCOUNT}
    theirs = {**statement("Allow", "kms:Decrypt", "*", StringEquals=used_for), "Principal": {"AWS": reader}}
    policy = emulated.policy(own) if missing == "key" else emulated.policy(own, theirs)
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy)
    if missing != "secret":
        admit = {**statement("Allow", READ, "*", **stage), "Principal": {"AWS": reader}}
        api.put_resource_policy(SecretId=secret, ResourcePolicy=emulated.policy(admit))
    statements = (
        [] if missing == "reader" else [statement("Allow", READ, secret), statement("Allow", "kms:Decrypt", key)]
    )
    if missing == "reader's key":
        statements.pop()
    if statements:
        cloud.client("iam", account=OTHER_ACCOUNT).put_role_policy(
            RoleName=reader.rpartition("/")[2], PolicyName="p", PolicyDocument=emulated.policy(*statements)
        )
    return secret, key


@pytest.mark.parametrize("missing", ["", "reader", "reader's key", "secret", "key"])
def test_every_policy_is_needed(cloud: LocalCloud, missing: str) -> None:
    """With all of them the role reads the value; without any single one it is denied."""
    reader = emulated.create_role(cloud, account=OTHER_ACCOUNT)
    secret, _ = share(cloud, reader, missing)
    api = cloud.client("secretsmanager", role=reader)
    error = emulated.error_of(api.get_secret_value, SecretId=secret)
    assert error == (DENIED if missing else "")
    if not missing:
        assert api.get_secret_value(SecretId=secret)["SecretString"] == "first value"


def test_conditions_hold_for_readers_of_other_accounts(cloud: LocalCloud) -> None:
    """A secret's policy that admits AWSCURRENT alone admits no other label, and a deny of everybody else counts."""
    reader = emulated.create_role(cloud, account=OTHER_ACCOUNT)
    secret, _ = share(cloud, reader, StringEquals=CURRENT)
    owner = cloud.client("secretsmanager")
    owner.put_secret_value(SecretId=secret, SecretString="second value")
    api = cloud.client("secretsmanager", role=reader)
    assert api.get_secret_value(SecretId=secret, VersionStage="AWSCURRENT")["SecretString"] == "second value"
    assert emulated.error_of(api.get_secret_value, SecretId=secret, VersionStage="AWSPREVIOUS") == DENIED
    admit = {**statement("Allow", READ, "*"), "Principal": {"AWS": reader}}
    deny = {**statement("Deny", READ, "*", ArnNotLike={"aws:PrincipalArn": f"{reader}-other"}), "Principal": "*"}
    owner.put_resource_policy(SecretId=secret, ResourcePolicy=emulated.policy(admit, deny))
    assert emulated.error_of(api.get_secret_value, SecretId=secret) == DENIED


def test_only_the_admitted_role_of_an_account_reads(cloud: LocalCloud) -> None:
    """Another role of the same account with the same policy of its own is denied, and so is writing."""
    reader = emulated.create_role(cloud, account=OTHER_ACCOUNT)
    secret, _ = share(cloud, reader)
    everything = (statement("Allow", "secretsmanager:*", "*"), statement("Allow", "kms:*", "*"))
    neighbour = emulated.create_role(cloud, *everything, account=OTHER_ACCOUNT)
    foreign = cloud.client("secretsmanager", role=neighbour)
    assert emulated.error_of(foreign.get_secret_value, SecretId=secret) == DENIED
    api = cloud.client("secretsmanager", role=reader)
    for call, request in (
        (api.put_secret_value, {"SecretString": "x"}),
        (api.describe_secret, {}),
        (api.rotate_secret, {}),
    ):
        assert emulated.error_of(call, SecretId=secret, **request) == DENIED


def test_a_secret_under_the_key_of_aws_stays_in_its_account(cloud: LocalCloud) -> None:
    """The default key cannot be shared, so that no policy helps."""
    reader = emulated.create_role(cloud, statement("Allow", READ, "*"), account=OTHER_ACCOUNT)
    secret = emulated.create_secret(cloud)
    admit = {**statement("Allow", READ, "*"), "Principal": {"AWS": reader}}
    cloud.client("secretsmanager").put_resource_policy(SecretId=secret, ResourcePolicy=emulated.policy(admit))
    api = cloud.client("secretsmanager", role=reader)
    assert emulated.error_of(api.get_secret_value, SecretId=secret) == "InvalidRequestException"


def test_the_root_of_another_account_gets_nothing(cloud: LocalCloud) -> None:
    """Whom no policy restricts at home is a stranger elsewhere."""
    secret = emulated.create_secret(cloud, KmsKeyId=emulated.create_key(cloud))
    stranger = cloud.client("secretsmanager", account=OTHER_ACCOUNT)
    assert emulated.error_of(stranger.get_secret_value, SecretId=secret) == "ResourceNotFoundException"

"""Replicas of a secret in other regions: what they hold, who reads them, and how they go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support import emulated
from tests.support.emulated import statement
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from localcloud.cloud import LocalCloud

IRELAND, OHIO = "eu-west-1", "us-east-2"
READ = "secretsmanager:GetSecretValue"
MISSING = "ResourceNotFoundException"


def secret(*regions: str, **replica: str) -> dict[str, Any]:
    """Return a secret with replicas."""
    properties = {
        "SecretString": "first value",
        "ReplicaRegions": [{"Region": region, **replica} for region in regions],
    }
    return {"Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": properties}}


def deployed(cloud: LocalCloud, stack: str, resources: dict[str, Any]) -> str:
    """Deploy and return the secret's ARN."""
    assert emulated.deploy(cloud, stack, resources, {"Secret": {"Ref": "Secret"}}).endswith("E_COMPLETE")
    return emulated.outputs(cloud, stack)["Secret"]


def replica_of(arn: str, region: str = IRELAND) -> str:
    """Return the ARN of a replica: the secret's own, in the other region."""
    return arn.replace("us-east-1", region)


def test_a_replica_follows_its_secret(cloud: LocalCloud, stack: str) -> None:
    """Writing and rotating the secret change the replica's values and labels; writing the replica is refused."""
    arn = deployed(cloud, stack, secret(IRELAND))
    there, here = cloud.client("secretsmanager", region=IRELAND), cloud.client("secretsmanager")
    assert there.get_secret_value(SecretId=replica_of(arn))["SecretString"] == "first value"
    here.put_secret_value(SecretId=arn, SecretString="second value")
    assert there.get_secret_value(SecretId=replica_of(arn))["SecretString"] == "second value"
    token = emulated.rotate(cloud, arn, emulated.rotation_function(cloud, arn))
    assert emulated.ended(cloud, token).outcome == "succeeded"
    assert eventually(lambda: there.get_secret_value(SecretId=replica_of(arn))["SecretString"] == token)
    labels = there.describe_secret(SecretId=replica_of(arn))["VersionIdsToStages"]
    assert labels == here.describe_secret(SecretId=arn)["VersionIdsToStages"]
    error = emulated.error_of(there.put_secret_value, SecretId=replica_of(arn), SecretString="x")
    assert error == "InvalidRequestException"


def test_a_replica_has_an_arn_and_a_key_of_its_own(cloud: LocalCloud, stack: str) -> None:
    """Who may read the secret reads no replica; who may read the replica needs the key of that region."""
    key = cloud.client("kms", region=IRELAND).create_key()["KeyMetadata"]["Arn"]
    arn = deployed(cloud, stack, secret(IRELAND, KmsKeyId=key))
    through = {"kms:ViaService": f"secretsmanager.{IRELAND}.amazonaws.com"}
    use = statement("Allow", "kms:Decrypt", key, StringEquals=through)
    readers = (
        (statement("Allow", READ, arn), use),
        (statement("Allow", READ, replica_of(arn)),),
        (statement("Allow", READ, replica_of(arn)), use),
    )
    roles = [emulated.create_role(cloud, *statements) for statements in readers]
    apis = [cloud.client("secretsmanager", role=role, region=IRELAND) for role in roles]
    errors = [emulated.error_of(api.get_secret_value, SecretId=replica_of(arn)) for api in apis]
    assert errors == ["AccessDeniedException", "AccessDeniedException", ""]


def test_a_region_that_the_template_drops_loses_its_replica(cloud: LocalCloud, stack: str) -> None:
    """The others keep theirs, and all are gone with the secret."""
    arn = deployed(cloud, stack, secret(IRELAND, OHIO))
    there, elsewhere = (cloud.client("secretsmanager", region=region) for region in (IRELAND, OHIO))
    assert deployed(cloud, stack, secret(OHIO)) == arn
    assert emulated.error_of(there.describe_secret, SecretId=replica_of(arn)) == MISSING
    assert emulated.error_of(elsewhere.describe_secret, SecretId=replica_of(arn, OHIO)) == ""
    emulated.destroy(cloud, stack)
    assert emulated.error_of(elsewhere.describe_secret, SecretId=replica_of(arn, OHIO)) == MISSING


def test_a_secret_is_deleted_after_its_replicas(cloud: LocalCloud) -> None:
    """RemoveRegionsFromReplication takes a replica away; until then the secret cannot be deleted."""
    api, there = cloud.client("secretsmanager"), cloud.client("secretsmanager", region=IRELAND)
    arn = emulated.create_secret(cloud)
    api.replicate_secret_to_regions(SecretId=arn, AddReplicaRegions=[{"Region": IRELAND}])
    assert emulated.error_of(api.delete_secret, SecretId=arn) == "InvalidRequestException"
    answer = api.remove_regions_from_replication(SecretId=arn, RemoveReplicaRegions=[IRELAND])
    assert answer["ReplicationStatus"] == []
    assert emulated.error_of(there.describe_secret, SecretId=replica_of(arn)) == MISSING
    assert emulated.error_of(api.delete_secret, SecretId=arn) == ""

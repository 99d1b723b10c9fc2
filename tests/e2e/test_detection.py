"""What somebody does to a credential who should not reaches a person: rules, and the encrypted topic."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from rotating_rds.detections import DETECTIONS, TRAIL_STOPPED, Watched
from tests.support import emulated
from tests.support.causes import examine
from tests.support.emulated import ACCOUNT_ROOT
from tests.support.on_call import OnCall, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.deployment import Deployment


@pytest.mark.parametrize("in_a_batch", [False, True], ids=["directly", "in a batch"])
def test_an_administrator_who_reads_a_credential_is_reported_by_name(
    deployment: Deployment,
    on_call: OnCall,
    administrator: str,
    in_a_batch: bool,  # noqa: FBT001
) -> None:
    """The read succeeds: nothing but the trail could tell."""
    client = deployment.cloud.client("secretsmanager", role=administrator)
    if in_a_batch:
        assert client.batch_get_secret_value(SecretIdList=[deployment.secret])["SecretValues"]
    else:
        assert client.get_secret_value(SecretId=deployment.secret)["SecretString"]
    assert eventually(lambda: bool(on_call.told_of("Undeclared read")))
    (told, *_) = on_call.told_of("Undeclared read")
    for part in ("GetSecretValue", f"assumed-role/{administrator}/", deployment.secret, "127.0.0.1"):
        assert part in told


def test_declared_readers_are_never_reported(deployment: Deployment, on_call: OnCall) -> None:
    """Neither the application, nor our functions, nor who reads with them."""
    application = deployment.cloud.client("secretsmanager", role=deployment.outputs["ApplicationRoleName"])
    application.get_secret_value(SecretId=deployment.secret, VersionStage="AWSCURRENT")
    examine(deployment)
    assert deployment.rotate().outcome == "succeeded"
    outsider = deployment.cloud.client("secretsmanager", role=deployment.outputs["UserOrdersApiRoleName"])
    with pytest.raises(outsider.exceptions.ClientError):
        outsider.get_secret_value(SecretId=deployment.secret, VersionStage="AWSCURRENT")
    # What came before this message has been delivered.
    assert eventually(lambda: bool(on_call.told_of("Refused read")))
    assert on_call.told_of("Undeclared read") == []
    assert on_call.told_of("Secret changed") == []


def all_told(on_call: OnCall, paragraph: str, *calls: str) -> bool:
    """Tell whether each of these calls was reported; some names are the beginning of another."""
    told = on_call.told_of(paragraph)
    return all(any(re.search(rf"\b{call}\b", text) for text in told) for call in calls)


def current_version(client: Any, secret: str) -> str:
    """Return the id of the version that applications read."""
    labels = client.describe_secret(SecretId=secret)["VersionIdsToStages"]
    return next(str(version) for version, staged in labels.items() if "AWSCURRENT" in staged)


def keep_a_copy(client: Any, secret: str) -> None:
    """Write the current value once more, as a version that nobody reads."""
    value = client.get_secret_value(SecretId=secret)["SecretString"]
    client.put_secret_value(SecretId=secret, SecretString=value, VersionStages=["COPY"])


CHANGES: dict[str, Callable[[Any, str], object]] = {
    "TagResource": lambda client, secret: client.tag_resource(SecretId=secret, Tags=[{"Key": "owner", "Value": "me"}]),
    "UntagResource": lambda client, secret: client.untag_resource(SecretId=secret, TagKeys=["owner"]),
    "PutResourcePolicy": lambda client, secret: client.put_resource_policy(
        SecretId=secret,
        ResourcePolicy=emulated.policy(
            {**emulated.statement("Allow", "secretsmanager:DescribeSecret", "*"), "Principal": {"AWS": ACCOUNT_ROOT}}
        ),
    ),
    "DeleteResourcePolicy": lambda client, secret: client.delete_resource_policy(SecretId=secret),
    "UpdateSecret": lambda client, secret: client.update_secret(SecretId=secret, Description="by hand"),
    "PutSecretValue": keep_a_copy,
    "UpdateSecretVersionStage": lambda client, secret: client.update_secret_version_stage(
        SecretId=secret, VersionStage="BACKUP", MoveToVersionId=current_version(client, secret)
    ),
    "CancelRotateSecret": lambda client, secret: client.cancel_rotate_secret(SecretId=secret),
    "DeleteSecret": lambda client, secret: client.delete_secret(SecretId=secret, RecoveryWindowInDays=7),
}


@pytest.fixture
def changed_at_will(deployment: Deployment) -> Iterator[str]:
    """Return a secret, which is put right afterwards."""
    client, secret = deployment.cloud.client("secretsmanager"), deployment.outputs["UserOrdersSecretArn"]
    before = client.describe_secret(SecretId=secret)
    yield secret
    client.restore_secret(SecretId=secret)
    client.update_secret(SecretId=secret, Description=before.get("Description", ""))
    for version, labels in client.describe_secret(SecretId=secret)["VersionIdsToStages"].items():
        for label in {"BACKUP", "COPY"}.intersection(labels):
            client.update_secret_version_stage(SecretId=secret, VersionStage=label, RemoveFromVersionId=version)
    client.rotate_secret(SecretId=secret, RotationRules=before["RotationRules"], RotateImmediately=False)


def test_every_change_by_hand_is_reported(
    deployment: Deployment, on_call: OnCall, administrator: str, changed_at_will: str
) -> None:
    """Each by the call that it was."""
    client = deployment.cloud.client("secretsmanager", role=administrator)
    assert "ResourcePolicy" not in client.get_resource_policy(SecretId=changed_at_will)
    for change in CHANGES.values():
        change(client, changed_at_will)
    assert eventually(lambda: all_told(on_call, "Secret changed", *CHANGES)), on_call.told_of("Secret changed")


@pytest.mark.parametrize(
    ("detection", "calls"),
    [
        ("SecretChanged", CHANGES.keys()),
        ("KeyEndangered", {"DisableKey", "ScheduleKeyDeletion"}),
        # A trail that is deleted is nothing to go on with.
        ("Stopped", {"StopLogging", "UpdateTrail", "PutEventSelectors", "DeleteTrail"}),
    ],
)
def test_the_list_of_calls_is_that_of_the_rule(detection: str, calls: set[str]) -> None:
    """A call that a rule learns is one that these tests make."""
    (rule,) = [each for each in (*DETECTIONS, TRAIL_STOPPED) if each.name == detection]
    assert set(rule.detail(Watched(secrets=[], keys=[], path="", others=[]))["eventName"]) == set(calls)


def test_a_deleted_secret_and_whoever_still_reads_it_are_reported(
    deployment: Deployment, on_call: OnCall, administrator: str
) -> None:
    """Within its recovery window it can be restored; until then applications get nothing."""
    client = deployment.cloud.client("secretsmanager", role=administrator)
    reader = deployment.cloud.client("secretsmanager", role=deployment.outputs["UserOrdersApiRoleName"])
    secret = deployment.outputs["UserOrdersSecretArn"]
    client.delete_secret(SecretId=secret, RecoveryWindowInDays=7)
    try:
        assert eventually(lambda: any("DeleteSecret" in text for text in on_call.told_of("Secret changed")))
        with pytest.raises(reader.exceptions.InvalidRequestException):
            reader.get_secret_value(SecretId=secret, VersionStage="AWSCURRENT")
        assert eventually(lambda: any("marked for deletion" in text for text in on_call.told_of("Refused read")))
    finally:
        client.restore_secret(SecretId=secret)


def test_a_key_that_is_disabled_or_will_be_deleted_is_reported(
    deployment: Deployment, on_call: OnCall, administrator: str
) -> None:
    """Before the first application finds out."""
    keys = deployment.cloud.client("kms", role=administrator)
    key = deployment.cloud.client("secretsmanager").describe_secret(SecretId=deployment.secret)["KmsKeyId"]
    keys.disable_key(KeyId=key)
    keys.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    try:
        assert eventually(lambda: all_told(on_call, "Key endangered", "DisableKey", "ScheduleKeyDeletion"))
    finally:
        keys.cancel_key_deletion(KeyId=key)
        keys.enable_key(KeyId=key)


def test_a_trail_that_is_changed_or_stopped_is_reported(
    deployment: Deployment, on_call: OnCall, administrator: str
) -> None:
    """That it was stopped is the last thing that it records."""
    trails, trail = deployment.cloud.client("cloudtrail", role=administrator), "rotating-rds-local"
    selectors = trails.get_event_selectors(TrailName=trail)["EventSelectors"]
    trails.update_trail(Name=trail, IncludeGlobalServiceEvents=True)
    trails.put_event_selectors(TrailName=trail, EventSelectors=selectors)
    trails.stop_logging(Name=trail)
    try:
        assert eventually(lambda: all_told(on_call, "Trail stopped", "UpdateTrail", "PutEventSelectors", "StopLogging"))
    finally:
        trails.start_logging(Name=trail)

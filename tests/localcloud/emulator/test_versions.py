"""Versions and staging labels of a secret."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import emulated

if TYPE_CHECKING:
    from localcloud.cloud import LocalCloud


@pytest.fixture
def api(cloud: LocalCloud) -> Any:
    """Return the root's client of Secrets Manager."""
    return cloud.client("secretsmanager")


def put_pending(api: Any, secret: str, value: str) -> str:
    """Add a version labelled AWSPENDING and return its id."""
    version: str = api.put_secret_value(
        SecretId=secret, SecretString=value, ClientRequestToken=str(uuid.uuid4()), VersionStages=["AWSPENDING"]
    )["VersionId"]
    return version


def labels(api: Any, secret: str) -> dict[str, list[str]]:
    """Return the staging labels of every version that has any."""
    versions: dict[str, list[str]] = api.describe_secret(SecretId=secret)["VersionIdsToStages"]
    return versions


def test_awspending_moves_to_the_newest_pending_version(cloud: LocalCloud, api: Any) -> None:
    """A label is on one version at a time."""
    secret = emulated.create_secret(cloud)
    put_pending(api, secret, "second")
    third = put_pending(api, secret, "third")
    assert [version for version, stages in labels(api, secret).items() if "AWSPENDING" in stages] == [third]


def test_a_repeated_token_with_the_same_value_changes_nothing(cloud: LocalCloud, api: Any) -> None:
    """PutSecretValue is idempotent for a token and its value."""
    secret = emulated.create_secret(cloud)
    token = put_pending(api, secret, "second")
    before = labels(api, secret)
    answer = api.put_secret_value(SecretId=secret, SecretString="second", ClientRequestToken=token)
    assert (answer["VersionId"], labels(api, secret)) == (token, before)


def test_a_repeated_token_with_another_value_is_refused(cloud: LocalCloud, api: Any) -> None:
    """A version's value cannot be changed."""
    secret = emulated.create_secret(cloud)
    token = put_pending(api, secret, "second")
    request = {"SecretId": secret, "SecretString": "other", "ClientRequestToken": token}
    assert emulated.error_of(api.put_secret_value, **request) == "ResourceExistsException"
    assert api.get_secret_value(SecretId=secret, VersionId=token)["SecretString"] == "second"


def test_version_and_label_of_one_request_must_agree(cloud: LocalCloud, api: Any) -> None:
    """GetSecretValue of a version by a label that is elsewhere is an error, by its own label it succeeds."""
    secret = emulated.create_secret(cloud)
    token = put_pending(api, secret, "second")
    mismatch = {"SecretId": secret, "VersionId": token, "VersionStage": "AWSCURRENT"}
    assert emulated.error_of(api.get_secret_value, **mismatch) == "InvalidRequestException"
    match = api.get_secret_value(SecretId=secret, VersionId=token, VersionStage="AWSPENDING")
    assert match["SecretString"] == "second"


def test_every_written_value_is_captured(cloud: LocalCloud, api: Any) -> None:
    """A local cloud that was asked to keeps the values of creation, update and new versions."""
    first, second, third = (uuid.uuid4().hex for _ in range(3))
    secret = emulated.create_secret(cloud, first)
    api.put_secret_value(SecretId=secret, SecretString=second)
    api.update_secret(SecretId=secret, SecretString=third)
    assert {first, second, third} <= set(cloud.captured_secret_values())

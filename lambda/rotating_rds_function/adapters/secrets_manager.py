"""Secrets Manager as the SecretStore."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast

from rotating_rds_function.adapters.aws_errors import code_of, translated
from rotating_rds_function.adapters.sdk import BotoCoreError, ClientError, Config, make_client
from rotating_rds_function.domain.errors import LabelsMovedError, MalformedSecretError, RotationError
from rotating_rds_function.domain.versions import AWSPENDING, SecretDescription, Times

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_secretsmanager import SecretsManagerClient

# The API's own limit ("ListSecretVersionIds", API reference of Secrets Manager); labels are on 20 versions at most.
_MOST_VERSIONS: Final = 100


@cache
def client() -> SecretsManagerClient:
    """Return the client of this execution environment: made once, because that is most of a cold start."""
    # A few seconds an attempt: three of them fit into a step.
    config = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
    return cast("SecretsManagerClient", make_client("secretsmanager", config))


class SecretsManagerStore:
    """The SecretStore of a deployed function.

    :param client: a Secrets Manager client with bounded time-outs.
    """

    def __init__(self, client: SecretsManagerClient) -> None:
        self._client = client

    def describe(self, secret_id: str) -> SecretDescription:
        """Return labels, tags, times and whether rotation is enabled."""
        answer = _call(self._client.describe_secret, "DescribeSecret", SecretId=secret_id)
        labels = answer.get("VersionIdsToStages", {})
        return SecretDescription(
            rotation_enabled=answer.get("RotationEnabled", False),
            labels={version: frozenset(staged) for version, staged in labels.items()},
            tags={tag["Key"]: tag["Value"] for tag in answer.get("Tags", [])},
            times=_times(answer),
        )

    def made(self, secret_id: str, version: str) -> float | None:
        """Return when a version was made; None if it is not among those with a label or made lately."""
        listed = _call(
            self._client.list_secret_version_ids,
            "ListSecretVersionIds",
            SecretId=secret_id,
            MaxResults=_MOST_VERSIONS,
            IncludeDeprecated=False,
        )
        found = (entry["CreatedDate"] for entry in listed["Versions"] if entry["VersionId"] == version)
        return next((moment.timestamp() for moment in found), None)

    def read(self, secret_id: str, *, label: str, version: str | None = None) -> str | None:
        """Return the SecretString of the version with *label*.

        :returns: None if no version (or another one) carries the label, or it has no value yet.
        :raises MalformedSecretError: if the value is binary.
        """
        which = {"VersionStage": label} | ({} if version is None else {"VersionId": version})
        # A label that is on another version than the one asked for is an InvalidRequestException.
        absent = {"ResourceNotFoundException"} | ({"InvalidRequestException"} if version else set())
        answer = _call(self._client.get_secret_value, "GetSecretValue", absent=absent, SecretId=secret_id, **which)
        if not answer or label not in answer["VersionStages"]:
            return None
        if "SecretString" not in answer:
            raise MalformedSecretError(
                f"The {label} value of the secret is binary where a text was expected: put a JSON text "
                "with PutSecretValue that holds at least a username and a password."
            )
        value: str = answer["SecretString"]
        return value

    def write_pending(self, secret_id: str, *, version: str, text: str) -> None:
        """Give *version* a value and AWSPENDING; does nothing if it has a value already."""
        _call(
            self._client.put_secret_value,
            "PutSecretValue",
            absent={"ResourceExistsException"},
            SecretId=secret_id,
            ClientRequestToken=version,
            SecretString=text,
            VersionStages=[AWSPENDING],
        )

    def move_label(self, secret_id: str, *, label: str, source: str | None, destination: str | None) -> None:
        """Move a staging label from one version to another, at once.

        :raises LabelsMovedError: if *source* does not carry it (any more).
        """
        moves = {"RemoveFromVersionId": source, "MoveToVersionId": destination}
        moved = _call(
            self._client.update_secret_version_stage,
            "UpdateSecretVersionStage",
            absent={"InvalidParameterException", "InvalidRequestException"},
            SecretId=secret_id,
            VersionStage=label,
            **{name: version for name, version in moves.items() if version is not None},
        )
        if not moved:
            raise LabelsMovedError(
                f"The label {label} could not be moved off version {source}: it is not there (any more); "
                "look at the secret's versions, and rotate it again with RotateSecret if it is not rotated."
            )


def _times(answer: Any) -> Times:
    """Return the times of a DescribeSecret answer, whose header tells when it was given (RFC 9110, section 6.6.1)."""
    dates = (answer.get(name) for name in ("CreatedDate", "LastChangedDate", "LastRotatedDate", "NextRotationDate"))
    answered = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    return Times(answered.timestamp(), *(None if date is None else date.timestamp() for date in dates))


def _call(
    method: Callable[..., Any], action: str, *, absent: frozenset[str] | set[str] = frozenset(), **request: Any
) -> Any:
    """Call the API.

    :param absent: error codes that mean "there is none".
    :returns: the answer; an empty one for *absent*.
    :raises RotationError: typed, and without anything of the request.
    """
    try:
        return method(**request)
    except (ClientError, BotoCoreError) as error:
        if code_of(error) in absent:
            return {}
        failure: RotationError = translated(error, action)
    raise failure

"""Secrets Manager's side of a rotation, played with tiny rotation functions."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import emulated
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from localcloud.cloud import LocalCloud

STEPS = ["createSecret", "setSecret", "testSecret", "finishSecret"]

LOG_EVENT = """
    import json

    def handler(event, context):
        print(json.dumps(event))
"""

# Each fails in its own way until a marker version of the secret exists, then rotates.
FAIL_AT_SET_SECRET = emulated.ROTATE_VALUE.replace(
    'if event["Step"] == "finishSecret":',
    'if event["Step"] == "setSecret" and api.describe_secret(SecretId=secret)["Description"] != "healed":\n'
    '            raise PermissionError("the database says no")\n'
    '        if event["Step"] == "finishSecret":',
)

NEVER_FINISHES = """
    def handler(event, context):
        pass
"""


@pytest.fixture
def api(cloud: LocalCloud) -> Any:
    """Return the root's client of Secrets Manager."""
    return cloud.client("secretsmanager")


def service_events(cloud: LocalCloud, secret: str) -> list[str]:
    """Return the names of a secret's service events, the oldest first."""
    found = cloud.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": secret}]
    )["Events"]
    documents = [json.loads(event["CloudTrailEvent"]) for event in reversed(found)]
    return [document["eventName"] for document in documents if document["eventType"] == "AwsServiceEvent"]


def test_a_rotation_runs_the_four_steps_once_and_promotes_the_version(cloud: LocalCloud, api: Any) -> None:
    """The new version becomes AWSCURRENT, the old one AWSPREVIOUS, and AWSPENDING is gone."""
    secret = emulated.create_secret(cloud)
    token = emulated.rotate(cloud, secret, emulated.rotation_function(cloud, secret))
    record = emulated.ended(cloud, token)
    assert (record.outcome, record.attempts, [step.name for step in record.steps]) == ("succeeded", 1, STEPS)
    assert sorted(api.describe_secret(SecretId=secret)["VersionIdsToStages"].values()) == [
        ["AWSCURRENT"],
        ["AWSPREVIOUS"],
    ]
    assert api.get_secret_value(SecretId=secret)["VersionId"] == token


def test_a_rotation_tells_its_service_events(cloud: LocalCloud) -> None:
    """RotationStarted and RotationSucceeded reach the event history with the secret's ARN."""
    secret = emulated.create_secret(cloud)
    emulated.ended(cloud, emulated.rotate(cloud, secret, emulated.rotation_function(cloud, secret)))
    assert eventually(lambda: service_events(cloud, secret) == ["RotationStarted", "RotationSucceeded"])


def test_the_function_gets_step_secret_token_and_rotation_token(cloud: LocalCloud) -> None:
    """The payload is the one that AWS documents."""
    secret = emulated.create_secret(cloud)
    function = emulated.rotation_function(cloud, secret, LOG_EVENT)
    token = emulated.rotate(cloud, secret, function)
    assert eventually(lambda: len(emulated.rotation_of(cloud, token).steps) >= len(STEPS))
    group = "/aws/lambda/" + function.rsplit(":", 1)[-1]
    messages = [event["message"] for event in cloud.client("logs").filter_log_events(logGroupName=group)["events"]]
    payloads = [json.loads(message) for message in messages if message.startswith("{")]
    assert [payload["Step"] for payload in payloads[:4]] == STEPS
    assert {(payload["SecretId"], payload["ClientRequestToken"]) for payload in payloads} == {(secret, token)}
    assert all(payload["RotationToken"] for payload in payloads)


def test_the_pending_version_has_no_value_at_first(cloud: LocalCloud, api: Any) -> None:
    """Reading AWSPENDING before createSecret has written it is ResourceNotFoundException."""
    secret = emulated.create_secret(cloud)
    token = emulated.rotate(cloud, secret, emulated.rotation_function(cloud, secret, NEVER_FINISHES))
    assert token in api.describe_secret(SecretId=secret)["VersionIdsToStages"]
    for which in ({"VersionStage": "AWSPENDING"}, {"VersionId": token}):
        assert emulated.error_of(api.get_secret_value, SecretId=secret, **which) == "ResourceNotFoundException"


def test_a_failing_step_makes_the_whole_rotation_repeat_with_the_same_token(cloud: LocalCloud, api: Any) -> None:
    """After its cause is gone, a later attempt of the same rotation succeeds from createSecret on."""
    secret = emulated.create_secret(cloud)
    token = emulated.rotate(cloud, secret, emulated.rotation_function(cloud, secret, FAIL_AT_SET_SECRET))
    assert eventually(lambda: len(emulated.rotation_of(cloud, token).steps) == 2)
    api.update_secret(SecretId=secret, Description="healed")
    record = emulated.ended(cloud, token)
    assert record.outcome == "succeeded"
    assert [step.name for step in record.steps] == ["createSecret", "setSecret"] * (record.attempts - 1) + STEPS
    assert record.steps[1].error == "PermissionError: the database says no"


def test_a_rotation_that_keeps_failing_ends_as_failed(cloud: LocalCloud) -> None:
    """Every failed attempt is an event of its own, and the attempts are finite."""
    secret = emulated.create_secret(cloud)
    record = emulated.ended(
        cloud, emulated.rotate(cloud, secret, emulated.rotation_function(cloud, secret, FAIL_AT_SET_SECRET))
    )
    assert (record.outcome, record.attempts) == ("failed", 3)
    assert eventually(lambda: service_events(cloud, secret) == ["RotationStarted", "RotationFailed"] * 3)


def test_a_function_that_never_moves_the_label_has_failed(cloud: LocalCloud) -> None:
    """Four steps without an error are no rotation while AWSCURRENT stays where it was."""
    secret = emulated.create_secret(cloud)
    record = emulated.ended(
        cloud, emulated.rotate(cloud, secret, emulated.rotation_function(cloud, secret, NEVER_FINISHES))
    )
    assert record.outcome == "failed"
    assert "AWSCURRENT" in (record.steps[-1].error or "")


def test_an_unfinished_rotation_refuses_the_next_one_and_is_tried_again(cloud: LocalCloud, api: Any) -> None:
    """RotateSecret says that the previous rotation isn't complete, and reattempts that one."""
    secret = emulated.create_secret(cloud)
    token = emulated.rotate(cloud, secret, emulated.rotation_function(cloud, secret, FAIL_AT_SET_SECRET))
    emulated.ended(cloud, token)
    api.update_secret(SecretId=secret, Description="healed")
    with pytest.raises(api.exceptions.InvalidRequestException, match="previous rotation isn't complete"):
        api.rotate_secret(SecretId=secret)
    assert eventually(lambda: api.get_secret_value(SecretId=secret)["VersionId"] == token)


def test_without_immediate_rotation_the_function_is_only_tested(cloud: LocalCloud, api: Any) -> None:
    """Only testSecret runs, against a temporary AWSPENDING with the current value, which is removed afterwards."""
    source = """
        import boto3

        def handler(event, context):
            api = boto3.client("secretsmanager")
            value = api.get_secret_value(SecretId=event["SecretId"], VersionStage="AWSPENDING")["SecretString"]
            assert (event["Step"], value) == ("testSecret", "first value")
    """
    secret = emulated.create_secret(cloud)
    function = emulated.rotation_function(cloud, secret, source)
    version = api.get_secret_value(SecretId=secret)["VersionId"]
    emulated.rotate(cloud, secret, function, RotateImmediately=False)
    assert eventually(lambda: service_events(cloud, secret) == ["TestRotationStarted", "TestRotationSucceeded"])
    assert api.describe_secret(SecretId=secret)["VersionIdsToStages"] == {version: ["AWSCURRENT"]}


def test_a_hold_pauses_one_rotation_after_its_step(cloud: LocalCloud) -> None:
    """The pause lies between the step that was named and the next one, and is used up by one rotation."""
    secret = emulated.create_secret(cloud)
    function = emulated.rotation_function(cloud, secret)
    cloud.hold_rotation(after_step="setSecret", seconds=0.8, secret_id=secret)
    held = emulated.ended(cloud, emulated.rotate(cloud, secret, function)).steps
    free = emulated.ended(cloud, emulated.rotate(cloud, secret, function)).steps
    gaps = [steps[2].started - steps[1].started - steps[1].seconds for steps in (held, free)]
    assert gaps[0] >= 0.8 > gaps[1]


def test_cancelling_switches_rotation_off_and_stops_a_running_one(cloud: LocalCloud, api: Any) -> None:
    """CancelRotateSecret leaves the labels where they are and takes the secret off the schedule."""
    secret = emulated.create_secret(cloud)
    cloud.hold_rotation(after_step="setSecret", seconds=30, secret_id=secret)
    token = emulated.rotate(cloud, secret, emulated.rotation_function(cloud, secret))
    assert eventually(lambda: len(emulated.rotation_of(cloud, token).steps) == 2)
    assert api.cancel_rotate_secret(SecretId=secret)["VersionId"] == token
    assert emulated.ended(cloud, token).outcome == "cancelled"
    described = api.describe_secret(SecretId=secret)
    assert described["RotationEnabled"] is False
    assert "NextRotationDate" not in described
    assert described["VersionIdsToStages"][token] == ["AWSPENDING"]


def test_a_list_tells_of_rotations_what_a_description_tells(cloud: LocalCloud, api: Any) -> None:
    """Dates, rules and function, as SecretListEntry has them."""
    secret = emulated.create_secret(cloud)
    emulated.ended(cloud, emulated.rotate(cloud, secret, emulated.rotation_function(cloud, secret)))
    pages = api.get_paginator("list_secrets").paginate()
    (listed,) = [entry for page in pages for entry in page["SecretList"] if entry["ARN"] == secret]
    described = api.describe_secret(SecretId=secret)
    told = ("RotationEnabled", "RotationLambdaARN", "RotationRules", "LastRotatedDate", "NextRotationDate")
    assert {name: listed.get(name) for name in told} == {name: described.get(name) for name in told}
    assert listed["LastRotatedDate"]


def test_a_new_current_version_abandons_the_rotation(cloud: LocalCloud, api: Any) -> None:
    """Who writes a value during a rotation wins: AWSPENDING is removed and RotationAbandoned told."""
    secret = emulated.create_secret(cloud)
    cloud.hold_rotation(after_step="createSecret", seconds=30, secret_id=secret)
    token = emulated.rotate(cloud, secret, emulated.rotation_function(cloud, secret))
    assert eventually(lambda: len(emulated.rotation_of(cloud, token).steps) == 1)
    current = api.put_secret_value(SecretId=secret, SecretString="by hand")["VersionId"]
    assert emulated.ended(cloud, token).outcome == "abandoned"
    assert api.describe_secret(SecretId=secret)["VersionIdsToStages"][current] == ["AWSCURRENT"]
    assert token not in api.describe_secret(SecretId=secret)["VersionIdsToStages"]
    assert service_events(cloud, secret)[-1] == "RotationAbandoned"


def test_secrets_manager_needs_the_functions_permission(cloud: LocalCloud) -> None:
    """A function whose resource policy admits another secret only cannot be configured."""
    ours, other = emulated.create_secret(cloud), emulated.create_secret(cloud)
    function = emulated.rotation_function(cloud, other)
    api = cloud.client("secretsmanager")
    assert emulated.error_of(api.rotate_secret, SecretId=ours, RotationLambdaARN=function) == "AccessDeniedException"
    assert "RotationLambdaARN" not in api.describe_secret(SecretId=ours)


def test_who_rotates_needs_permission_for_the_function_too(cloud: LocalCloud) -> None:
    """RotateSecret by a role takes lambda:InvokeFunction on the rotation function besides the action itself."""
    secret = emulated.create_secret(cloud)
    function = emulated.rotation_function(cloud, secret)
    rotate = emulated.statement("Allow", "secretsmanager:RotateSecret", secret)
    invoke = emulated.statement("Allow", "lambda:InvokeFunction", function)
    roles = [emulated.create_role(cloud, rotate), emulated.create_role(cloud, rotate, invoke)]
    errors = [
        emulated.error_of(
            cloud.client("secretsmanager", role=role).rotate_secret, SecretId=secret, RotationLambdaARN=function
        )
        for role in roles
    ]
    assert errors == ["AccessDeniedException", ""]


@pytest.mark.parametrize(
    "rules",
    [
        {"AutomaticallyAfterDays": 30, "ScheduleExpression": "rate(30 days)"},
        {"Duration": "3h"},
        {"ScheduleExpression": "rate(3 hours)"},
        {"ScheduleExpression": "rate(1001 days)"},
        {"ScheduleExpression": "every full moon"},
        {"ScheduleExpression": "cron(30 8 * * ? *)"},
        {"ScheduleExpression": "cron(0 22 * * ? *)", "Duration": "3h"},
        {"ScheduleExpression": "rate(30 days)", "Duration": "3 hours"},
    ],
    ids=lambda rules: " ".join(str(value) for value in rules.values()),
)
def test_a_schedule_that_the_service_refuses_is_refused(cloud: LocalCloud, rules: dict[str, Any]) -> None:
    """Both forms, none, too often, too seldom, nonsense, minutes, a window into the next day, a bad duration."""
    secret = emulated.create_secret(cloud)
    function = emulated.rotation_function(cloud, secret)
    api = cloud.client("secretsmanager")
    request = {"SecretId": secret, "RotationLambdaARN": function, "RotationRules": rules}
    assert emulated.error_of(api.rotate_secret, **request) == "InvalidParameterException"


def test_a_token_that_is_a_version_already_is_refused(cloud: LocalCloud, api: Any) -> None:
    """A rotation cannot reuse the id of the current version."""
    secret = emulated.create_secret(cloud)
    function = emulated.rotation_function(cloud, secret)
    token = api.get_secret_value(SecretId=secret)["VersionId"]
    request = {"SecretId": secret, "RotationLambdaARN": function, "ClientRequestToken": token}
    assert emulated.error_of(api.rotate_secret, **request) == "ResourceExistsException"


def test_the_description_tells_the_last_rotation(cloud: LocalCloud, api: Any) -> None:
    """LastRotatedDate is absent before the first rotation and the time of the last one after it."""
    secret = emulated.create_secret(cloud)
    assert "LastRotatedDate" not in api.describe_secret(SecretId=secret)
    emulated.ended(cloud, emulated.rotate(cloud, secret, emulated.rotation_function(cloud, secret)))
    assert abs(api.describe_secret(SecretId=secret)["LastRotatedDate"].timestamp() - time.time()) < 60

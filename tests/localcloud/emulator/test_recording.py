"""Calls and service events in CloudTrail's shape, and where they go."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from localcloud.cloud import LocalCloud
from tests.support import emulated
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

READ = "secretsmanager:GetSecretValue"


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """Run a local cloud of its own with a trail, which the tests before had not."""
    with LocalCloud.start(tmp_path_factory.mktemp("audited") / "cloud") as running:
        yield running


@pytest.fixture(scope="module")
def trail_group(audited: LocalCloud) -> str:
    """Deploy a trail that logs, and return its log group's name."""
    role = {
        "RoleName": "trail",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
    }
    trail = {
        "S3BucketName": "bucket",
        "IsLogging": True,
        "CloudWatchLogsLogGroupArn": {"Fn::GetAtt": ["Group", "Arn"]},
        "CloudWatchLogsRoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
    }
    resources = {
        "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "trail"}},
        "Role": {"Type": "AWS::IAM::Role", "Properties": role},
        "Trail": {"Type": "AWS::CloudTrail::Trail", "Properties": trail},
    }
    assert emulated.deploy(audited, "trail", resources) == "CREATE_COMPLETE"
    return "trail"


def history(cloud: LocalCloud, name: str, secret: str) -> list[dict[str, Any]]:
    """Return the recorded calls of one name which concern a secret, the newest first."""
    attributes = [{"AttributeKey": "ResourceName", "AttributeValue": secret}]
    events = cloud.client("cloudtrail").lookup_events(LookupAttributes=attributes)["Events"]
    return [json.loads(event["CloudTrailEvent"]) for event in events if event["EventName"] == name]


def queue_behind_rule(cloud: LocalCloud, pattern: dict[str, Any], state: str) -> Callable[[], list[dict[str, Any]]]:
    """Create a rule that sends events to a queue, and return what reads that queue."""
    sqs, events, name = cloud.client("sqs"), cloud.client("events"), emulated.unique("rule")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    admit = {**emulated.statement("Allow", "sqs:SendMessage", arn), "Principal": {"Service": "events.amazonaws.com"}}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": emulated.policy(admit)})
    events.put_rule(Name=name, EventPattern=json.dumps(pattern), State=state)
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])

    def receive() -> list[dict[str, Any]]:
        return [
            json.loads(m["Body"]) for m in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        ]

    return receive


def test_a_call_of_a_role_session_names_the_role_behind_it(cloud: LocalCloud) -> None:
    """The identity is an assumed role with its session issuer; read calls have no response elements."""
    secret = emulated.create_secret(cloud)
    role = emulated.create_role(cloud, emulated.statement("Allow", READ, secret), path="/rotating-rds/test/")
    cloud.client("secretsmanager", role=role).get_secret_value(SecretId=secret, VersionStage="AWSCURRENT")
    event = history(cloud, "GetSecretValue", secret)[0]
    issuer = cloud.client("iam").get_role(RoleName=role)["Role"]
    assert event["userIdentity"]["type"] == "AssumedRole"
    assert event["userIdentity"]["principalId"].startswith(issuer["RoleId"] + ":")
    assert event["userIdentity"]["sessionContext"]["sessionIssuer"] == {
        "type": "Role",
        "principalId": issuer["RoleId"],
        "arn": issuer["Arn"],
        "accountId": "000000000000",
        "userName": role,
    }
    expected = {
        "eventSource": "secretsmanager.amazonaws.com",
        "eventType": "AwsApiCall",
        "requestParameters": {"secretId": secret, "versionStage": "AWSCURRENT"},
        "responseElements": None,
        "readOnly": True,
    }
    assert expected.items() <= event.items()
    assert "errorCode" not in event


def test_a_functions_calls_are_those_of_its_role(cloud: LocalCloud) -> None:
    """What a rotation function does is recorded under its own role."""
    secret = emulated.create_secret(cloud)
    function = emulated.rotation_function(cloud, secret)
    emulated.ended(cloud, emulated.rotate(cloud, secret, function))
    role = cloud.client("lambda").get_function(FunctionName=function)["Configuration"]["Role"]
    event = history(cloud, "PutSecretValue", secret)[0]
    assert event["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] == role


def test_a_denied_call_is_recorded_with_its_error(cloud: LocalCloud) -> None:
    """Who was denied is known, with CloudTrail's code for it."""
    secret = emulated.create_secret(cloud)
    role = emulated.create_role(cloud)
    emulated.error_of(cloud.client("secretsmanager", role=role).get_secret_value, SecretId=secret)
    event = history(cloud, "GetSecretValue", secret)[0]
    assert event["errorCode"] == "AccessDenied"
    assert role in event["errorMessage"]
    assert event["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"] == role


def test_a_batch_is_recorded_as_a_read_of_each_secret(cloud: LocalCloud) -> None:
    """Beside the batch itself there is a GetSecretValue for every secret requested, denied ones included."""
    ours, other = emulated.create_secret(cloud), emulated.create_secret(cloud)
    batch = emulated.statement("Allow", "secretsmanager:BatchGetSecretValue", "*")
    role = emulated.create_role(cloud, emulated.statement("Allow", READ, ours), batch)
    cloud.client("secretsmanager", role=role).batch_get_secret_value(SecretIdList=[ours, other])
    events = [history(cloud, "GetSecretValue", secret) for secret in (ours, other)]
    assert [[event.get("errorCode") for event in found] for found in events] == [[None], ["AccessDenied"]]
    users = {
        event["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"] for found in events for event in found
    }
    assert users == {role}


def test_a_failed_call_is_recorded_with_its_error(cloud: LocalCloud) -> None:
    """An error that is no denial keeps the code which the client saw."""
    secret = emulated.create_secret(cloud)
    emulated.error_of(cloud.client("secretsmanager").get_secret_value, SecretId=secret, VersionStage="AWSPENDING")
    assert history(cloud, "GetSecretValue", secret)[0]["errorCode"] == "ResourceNotFoundException"


def test_no_record_has_a_secret_value(cloud: LocalCloud) -> None:
    """A written value appears in no event, while what else was asked for does."""
    secret = emulated.create_secret(cloud)
    cloud.client("secretsmanager").put_secret_value(
        SecretId=secret, SecretString="do not tell", VersionStages=["AWSCURRENT"]
    )
    event = history(cloud, "PutSecretValue", secret)[0]
    assert "do not tell" not in json.dumps(event)
    assert event["requestParameters"]["versionStages"] == ["AWSCURRENT"]


def test_the_root_is_recorded_as_root(cloud: LocalCloud) -> None:
    """The account's root is no IAM user."""
    secret = emulated.create_secret(cloud)
    cloud.client("secretsmanager").describe_secret(SecretId=secret)
    assert history(cloud, "DescribeSecret", secret)[0]["userIdentity"]["type"] == "Root"


def test_without_a_trail_nothing_reaches_the_event_bus(audited: LocalCloud) -> None:
    """EventBridge gets CloudTrail's events only while a trail is logging; the event history has them all the same."""
    receive = queue_behind_rule(audited, {"source": ["aws.secretsmanager"]}, "ENABLED")
    secret = emulated.create_secret(audited)
    audited.client("secretsmanager").put_secret_value(SecretId=secret, SecretString="second")
    assert history(audited, "PutSecretValue", secret)
    assert [event for event in receive() if "CloudTrail" in event["detail-type"]] == []


@pytest.mark.usefixtures("trail_group")
@pytest.mark.parametrize(
    ("state", "names"),
    [
        ("ENABLED", ["PutSecretValue"]),
        ("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS", ["GetSecretValue", "PutSecretValue"]),
        ("DISABLED", []),
    ],
)
def test_a_rule_sees_reads_only_in_the_state_for_all_events(audited: LocalCloud, state: str, names: list[str]) -> None:
    """GetSecretValue is a read-only management event, which a plain ENABLED rule never sees."""
    secret = emulated.create_secret(audited)
    pattern = {
        "source": ["aws.secretsmanager"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {"requestParameters": {"secretId": [secret]}},
    }
    receive = queue_behind_rule(audited, pattern, state)
    api = audited.client("secretsmanager")
    api.get_secret_value(SecretId=secret)
    api.put_secret_value(SecretId=secret, SecretString="second")
    assert sorted(event["detail"]["eventName"] for event in receive()) == names


@pytest.mark.usefixtures("trail_group")
def test_a_rotations_service_events_reach_a_rule(audited: LocalCloud) -> None:
    """A rule on RotationFailed of one secret gets it, in the shape of a service event."""
    secret = emulated.create_secret(audited)
    pattern = {
        "source": ["aws.secretsmanager"],
        "detail-type": ["AWS Service Event via CloudTrail"],
        "detail": {"eventName": ["RotationFailed"], "additionalEventData": {"SecretId": [secret]}},
    }
    receive = queue_behind_rule(audited, pattern, "ENABLED")
    function = emulated.rotation_function(audited, secret, "def handler(event, context): raise RuntimeError")
    emulated.ended(audited, emulated.rotate(audited, secret, function))
    details = [event["detail"] for event in receive()]
    assert [detail["eventName"] for detail in details] == ["RotationFailed"] * 3
    expected = {"eventType": "AwsServiceEvent", "eventSource": "secretsmanager.amazonaws.com", "readOnly": False}
    assert expected.items() <= details[0].items()
    assert details[0]["userIdentity"]["invokedBy"] == "secretsmanager.amazonaws.com"


def test_a_trail_writes_into_its_log_group(audited: LocalCloud, trail_group: str) -> None:
    """The same record is in the log group that the trail names."""
    secret = emulated.create_secret(audited)
    audited.client("secretsmanager").get_secret_value(SecretId=secret)
    recorded = history(audited, "GetSecretValue", secret)[0]

    def logged() -> list[Any]:
        events = audited.client("logs").filter_log_events(logGroupName=trail_group)["events"]
        return [json.loads(event["message"]) for event in events]

    assert eventually(lambda: recorded in logged())

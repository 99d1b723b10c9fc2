"""What CloudTrail records of the calls that detection watches, and in whose account."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from localcloud.cloud import LocalCloud
from tests.support import emulated
from tests.support.queues import Queue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EVERYTHING = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
READ = "secretsmanager:GetSecretValue"


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """Run a local cloud with a trail that logs in both accounts, and whose clock these tests may move."""
    with LocalCloud.start(tmp_path_factory.mktemp("recorded") / "cloud") as running:
        for account in (running.account, emulated.OTHER_ACCOUNT):
            trail = running.client("cloudtrail", account=account)
            trail.create_trail(Name="trail", S3BucketName="bucket", IsMultiRegionTrail=True)
            trail.start_logging(Name="trail")
        yield running


def watch(cloud: LocalCloud, **detail: Any) -> Callable[[], list[dict[str, Any]]]:
    """Create a rule over all of CloudTrail's events and return what reads the details of those it matched."""
    queue, name = Queue.create(cloud, admits="events.amazonaws.com"), emulated.unique("rule")
    events = cloud.client("events")
    events.put_rule(Name=name, EventPattern=json.dumps({"detail": detail}), State=EVERYTHING)
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": queue.arn}])
    return lambda: [document["detail"] for document in queue.documents()]


def test_changes_of_a_secret_are_recorded_with_parameters_and_answer(audited: LocalCloud) -> None:
    """Every change that detection watches, in its order, with the request as CloudTrail spells it."""
    secret, api = emulated.create_secret(audited), audited.client("secretsmanager")
    deny = {**emulated.statement("Deny", READ, "*", StringEquals={"aws:PrincipalTag/a": "b"}), "Principal": "*"}
    receive = watch(audited, requestParameters={"secretId": [secret]})
    version = api.put_secret_value(SecretId=secret, SecretString="second")["VersionId"]
    api.put_resource_policy(SecretId=secret, ResourcePolicy=emulated.policy(deny))
    api.delete_resource_policy(SecretId=secret)
    api.tag_resource(SecretId=secret, Tags=[{"Key": "Team", "Value": "a"}])
    api.untag_resource(SecretId=secret, TagKeys=["Team"])
    api.update_secret_version_stage(SecretId=secret, VersionStage="MINE", MoveToVersionId=version)
    emulated.error_of(api.cancel_rotate_secret, SecretId=secret)
    api.delete_secret(SecretId=secret, RecoveryWindowInDays=7)
    emulated.error_of(api.get_secret_value, SecretId=secret)
    found = {event["eventName"]: event for event in receive()}
    assert list(found) == [
        "PutSecretValue",
        "PutResourcePolicy",
        "DeleteResourcePolicy",
        "TagResource",
        "UntagResource",
        "UpdateSecretVersionStage",
        "CancelRotateSecret",
        "DeleteSecret",
        "GetSecretValue",
    ]
    assert found["TagResource"]["requestParameters"]["tags"] == [{"key": "Team", "value": "a"}]
    assert found["DeleteSecret"]["requestParameters"]["recoveryWindowInDays"] == 7
    assert found["DeleteSecret"]["responseElements"]["aRN"] == secret
    assert "marked for deletion" in found["GetSecretValue"]["errorMessage"]
    assert found["CancelRotateSecret"]["errorCode"] == "InvalidRequestException"


def test_changes_of_a_key_name_the_key(audited: LocalCloud) -> None:
    """DisableKey and ScheduleKeyDeletion have the key among their resources, whatever the caller named it."""
    kms, key = audited.client("kms"), emulated.create_key(audited)
    receive = watch(audited, resources={"ARN": [key]})
    kms.disable_key(KeyId=key)
    kms.enable_key(KeyId=key.rpartition("/")[2])
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    found = receive()
    assert [event["eventName"] for event in found] == ["DisableKey", "EnableKey", "ScheduleKeyDeletion"]
    assert found[1]["resources"] == [{"accountId": audited.account, "type": "AWS::KMS::Key", "ARN": key}]
    assert found[2]["requestParameters"] == {"keyId": key, "pendingWindowInDays": 7}


def test_changes_of_roles_functions_rules_and_alarms_have_their_operations_names(audited: LocalCloud) -> None:
    """Query, REST and JSON services alike."""
    role, anything = emulated.create_role(audited), emulated.statement("Allow", "s3:ListAllMyBuckets", "*")
    receive = watch(audited, eventSource=[{"anything-but": "sqs.amazonaws.com"}])
    audited.client("iam").put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=emulated.policy(anything))
    audited.client("sns").create_topic(Name=role)
    audited.client("events").disable_rule(Name="missing")
    audited.client("cloudwatch").disable_alarm_actions(AlarmNames=["missing"])
    emulated.error_of(audited.client("lambda").get_function_configuration, FunctionName="missing")
    emulated.error_of(audited.client("lambda").remove_permission, FunctionName="missing", StatementId="s")
    found = [(event["eventSource"].split(".")[0], event["eventName"]) for event in receive()]
    assert found[1:] == [  # the first is PutTargets, by which the rule itself got its target
        ("iam", "PutRolePolicy"),
        ("sns", "CreateTopic"),
        ("events", "DisableRule"),
        ("monitoring", "DisableAlarmActions"),
        ("lambda", "GetFunctionConfiguration"),
        ("lambda", "RemovePermission"),
    ]


def test_a_batch_is_recorded_with_its_list_and_filters(audited: LocalCloud) -> None:
    """The batch itself names what was asked for; a GetSecretValue each follows it."""
    secret = emulated.create_secret(audited)
    name = audited.client("secretsmanager").describe_secret(SecretId=secret)["Name"]
    receive = watch(audited, eventName=["BatchGetSecretValue", "GetSecretValue"])
    api = audited.client("secretsmanager")
    api.batch_get_secret_value(SecretIdList=[secret])
    api.batch_get_secret_value(Filters=[{"Key": "name", "Values": [name]}])
    found = [(event["eventName"], event["requestParameters"]) for event in receive()]
    assert found == [
        ("BatchGetSecretValue", {"secretIdList": [secret]}),
        ("GetSecretValue", {"secretId": secret}),
        ("BatchGetSecretValue", {"filters": [{"key": "name", "values": [name]}]}),
        ("GetSecretValue", {"secretId": secret}),
    ]


def test_a_user_is_recorded_by_name(audited: LocalCloud) -> None:
    """An IAM user has no session issuer."""
    iam, name, secret = audited.client("iam"), emulated.unique("user"), emulated.create_secret(audited)
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    receive = watch(audited, requestParameters={"secretId": [secret]})
    keys = {**key, "SessionToken": None}
    emulated.error_of(emulated.client_with(audited, "secretsmanager", keys).get_secret_value, SecretId=secret)
    (event,) = receive()
    identity = event["userIdentity"]
    assert (identity["type"], identity["userName"]) == ("IAMUser", name)
    assert identity["arn"].endswith(f":user/{name}")
    assert event["errorCode"] == "AccessDenied"


def test_a_read_from_another_account_is_recorded_in_both(audited: LocalCloud) -> None:
    """The owner learns account and principal id, not the role's name; both records share an id."""
    reader, secret = emulated.create_role(audited, account=emulated.OTHER_ACCOUNT), emulated.create_secret(audited)
    receive = watch(audited, requestParameters={"secretId": [secret]})
    emulated.error_of(audited.client("secretsmanager", role=reader).get_secret_value, SecretId=secret)
    (ours,) = receive()
    assert ours["userIdentity"].keys() == {"type", "principalId", "accountId"}
    assert (ours["userIdentity"]["type"], ours["userIdentity"]["accountId"]) == ("AWSAccount", emulated.OTHER_ACCOUNT)
    assert ours["recipientAccountId"] == audited.account
    attributes = [{"AttributeKey": "ResourceName", "AttributeValue": secret}]
    trail = audited.client("cloudtrail", account=emulated.OTHER_ACCOUNT)
    (theirs,) = trail.lookup_events(LookupAttributes=attributes)["Events"]
    record = json.loads(theirs["CloudTrailEvent"])
    assert record["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] == reader
    assert record["sharedEventID"] == ours["sharedEventID"]


def test_the_end_of_a_secret_has_service_events(audited: LocalCloud) -> None:
    """Marking, restoring and the end of the recovery window each tell the version concerned."""
    secret, api = emulated.create_secret(audited), audited.client("secretsmanager")
    version = next(iter(api.describe_secret(SecretId=secret)["VersionIdsToStages"]))
    receive = watch(audited, additionalEventData={"SecretId": [secret]})
    api.delete_secret(SecretId=secret, RecoveryWindowInDays=7)
    api.restore_secret(SecretId=secret)
    api.delete_secret(SecretId=secret, RecoveryWindowInDays=7)
    audited.advance_clock(6 * 86400)
    assert len(receive()) == 3
    audited.advance_clock(86400)
    (end,) = receive()
    assert (end["eventName"], end["eventType"]) == ("EndSecretVersionDelete", "AwsServiceEvent")
    assert end["additionalEventData"] == {"SecretId": secret, "SecretVersionId": version}
    assert emulated.error_of(api.describe_secret, SecretId=secret) == "ResourceNotFoundException"


def test_a_stopped_trail_is_recorded_and_records_no_more(audited: LocalCloud) -> None:
    """StopLogging itself still reaches the rule."""
    trail = audited.client("cloudtrail")
    receive = watch(audited, eventSource=["cloudtrail.amazonaws.com"])
    trail.stop_logging(Name="trail")
    emulated.create_secret(audited)
    trail.start_logging(Name="trail")
    assert [event["eventName"] for event in receive()] == ["StopLogging", "StartLogging"]


def deployed(cloud: LocalCloud, stack: str, resources: dict[str, Any], **settings: Any) -> str:
    """Create or change a stack and return its last status."""
    formation = cloud.client("cloudformation")
    exists = not emulated.error_of(formation.describe_stacks, StackName=stack)
    change = formation.update_stack if exists else formation.create_stack
    change(StackName=stack, TemplateBody=json.dumps({"Resources": resources}), **settings)
    return emulated.settled(cloud, stack)


def test_a_deployments_calls_are_those_of_its_role_through_cloudformation(audited: LocalCloud) -> None:
    """Creating, changing and deleting a secret, and the read behind a dynamic reference."""
    role, stack = emulated.create_role(audited), emulated.unique("stack")
    arn = audited.client("iam").get_role(RoleName=role)["Role"]["Arn"]
    receive = watch(audited, eventSource=["secretsmanager.amazonaws.com"], eventType=["AwsApiCall"])
    properties: dict[str, Any] = {"Name": stack, "SecretString": "hush"}
    secret = {"Type": "AWS::SecretsManager::Secret", "Properties": properties}
    reference = {"Fn::Sub": "{{resolve:secretsmanager:${Secret}:SecretString}}"}
    reader = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": reference}}
    assert deployed(audited, stack, {"Secret": secret, "Reader": reader}, RoleARN=arn) == "CREATE_COMPLETE"
    tagged = {**secret, "Properties": {**properties, "Tags": [{"Key": "Team", "Value": "a"}]}}
    assert deployed(audited, stack, {"Secret": tagged, "Reader": reader}) == "UPDATE_COMPLETE"
    assert emulated.destroy(audited, stack) == "DELETE_COMPLETE"
    found = receive()
    assert [event["eventName"] for event in found] == ["CreateSecret", "GetSecretValue", "TagResource", "DeleteSecret"]
    assert "hush" not in json.dumps(found)
    for event in found:
        assert event["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] == arn
        assert event["userIdentity"]["invokedBy"] == event["sourceIPAddress"] == "cloudformation.amazonaws.com"


def test_a_deployment_without_a_role_is_its_senders(audited: LocalCloud) -> None:
    """Keys and trails are watched likewise."""
    stack = emulated.unique("stack")
    receive = watch(audited, eventSource=["kms.amazonaws.com"])
    document = {"Version": "2012-10-17", "Statement": [{**emulated.statement("Allow", "kms:*", "*"), "Principal": "*"}]}
    key, properties = {"Type": "AWS::KMS::Key"}, {"KeyPolicy": document}
    assert deployed(audited, stack, {"Key": {**key, "Properties": properties}}) == "CREATE_COMPLETE"
    disabled = {**key, "Properties": {**properties, "Enabled": False}}
    assert deployed(audited, stack, {"Key": disabled}) == "UPDATE_COMPLETE"
    assert emulated.destroy(audited, stack) == "DELETE_COMPLETE"
    found = receive()
    assert [event["eventName"] for event in found] == ["CreateKey", "DisableKey", "ScheduleKeyDeletion"]
    assert {event["userIdentity"]["type"] for event in found} == {"Root"}

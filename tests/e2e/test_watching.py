"""What goes wrong with a credential, or is done to it, reaches a person: alarms, rules, and the encrypted topic."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from rotating_rds.findings import FINDINGS
from tests.support.causes import CAUSED_ON_MYSQL, CAUSES, examine
from tests.support.waiting import eventually as eventually_within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.deployment import Deployment

# Longer than the evaluation range of an alarm, which reaches back further than its one period when data is missing.
_LONG_AFTER = 3600
# What travels through functions, logs, metrics and queues takes its time on a busy machine.
eventually = partial(eventually_within, within=30)
ALARMS = (*(finding.name for finding in FINDINGS), "Health")


@pytest.fixture(scope="module", autouse=True)
def at_rest(deployment: Deployment) -> None:
    """Begin when what other tests have broken is past, and every alarm knows it."""
    deployment.cloud.advance_clock(_LONG_AFTER)
    examine(deployment)
    assert eventually(lambda: set(states(deployment).values()) == {"OK"}), states(deployment)


@pytest.fixture
def messages(deployment: Deployment) -> Iterator[Callable[[], list[str]]]:
    """What a queue that is subscribed to the alarm topic has received so far."""
    sqs, sns = deployment.cloud.client("sqs"), deployment.cloud.client("sns")
    queue = sqs.create_queue(QueueName="on-call")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    admit_topic(sqs, queue, arn, deployment.outputs["AlarmTopicArn"])
    subscription = sns.subscribe(
        TopicArn=deployment.outputs["AlarmTopicArn"], Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True
    )["SubscriptionArn"]
    received: list[str] = []

    def receive() -> list[str]:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            received.append(json.loads(message["Body"])["Message"])
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return received

    yield receive
    sns.unsubscribe(SubscriptionArn=subscription)
    sqs.delete_queue(QueueUrl=queue)


def admit_topic(sqs: Any, queue: str, queue_arn: str, topic: str) -> None:
    """Let a topic deliver to a queue."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})


def states(deployment: Deployment) -> dict[str, str]:
    """Alarm to state, by what the stack calls it."""
    answer = deployment.cloud.client("cloudwatch").describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return {
        name: alarm["StateValue"]
        for alarm in answer["MetricAlarms"] + answer["CompositeAlarms"]
        for name in ALARMS
        if f"Alarms{name}" in alarm["AlarmName"]
    }


@pytest.fixture
def administrator(deployment: Deployment) -> Iterator[str]:
    """A role with every right, which nobody declared."""
    iam, name = deployment.cloud.client("iam"), "administrator"
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    everything = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    iam.put_role_policy(RoleName=name, PolicyName="All", PolicyDocument=json.dumps(everything))
    yield name
    iam.delete_role_policy(RoleName=name, PolicyName="All")
    iam.delete_role(RoleName=name)


def test_a_deployment_ends_with_every_credential_examined_and_well(deployment: Deployment) -> None:
    """The first examination follows the trial of the rotation."""
    told = examine(deployment)
    assert [entry["outcome"] for entry in told] == ["succeeded", "succeeded"], told
    assert eventually(lambda: set(states(deployment).values()) == {"OK"}), states(deployment)


@pytest.fixture
def standby(deployment: Deployment) -> Iterator[str]:
    """Give the database a standby in another zone, and return its identifier."""
    rds, (database,) = deployment.cloud.client("rds"), deployment.cloud.control.databases()
    rds.modify_db_instance(DBInstanceIdentifier=database.identifier, MultiAZ=True, ApplyImmediately=True)
    yield database.identifier
    rds.modify_db_instance(DBInstanceIdentifier=database.identifier, MultiAZ=False, ApplyImmediately=True)


def test_the_dashboard_reads_where_the_functions_write(deployment: Deployment) -> None:
    """Each credential has a line of the probe there, and the rotations of each have theirs."""
    logs, cloudwatch = deployment.cloud.client("logs"), deployment.cloud.client("cloudwatch")
    examine(deployment)
    deployment.rotate()
    body = json.loads(cloudwatch.get_dashboard(DashboardName="rotating-rds-local")["DashboardBody"])
    tables = {widget["properties"]["title"]: widget["properties"].get("query", "") for widget in body["widgets"]}
    for title, step in (("Credentials, as last examined", "probe"), ("Rotations by credential", "finishSecret")):
        (group,) = re.findall(r"SOURCE '([^']+)'", tables[title])
        pattern = f'{{ $.step = "{step}" && $.secret = "{deployment.secret}" && $.outcome = "succeeded" }}'
        assert eventually(lambda: logs.filter_log_events(logGroupName=group, filterPattern=pattern)["events"])  # noqa: B023


def test_thirty_healthy_days_say_nothing(
    deployment: Deployment, messages: Callable[[], list[str]], standby: str
) -> None:
    """Rotations, daily examinations, an application that reads, a deployment, a fail-over: no alarm, no detection.

    Of the fail-over RDS tells by itself.
    """
    assert eventually(lambda: set(states(deployment).values()) == {"OK"}), states(deployment)
    begun, before = len(messages()), deployment.labels["AWSCURRENT"]
    application = deployment.cloud.client("secretsmanager", role=deployment.outputs["ApplicationRoleName"])
    for _ in range(6):
        deployment.cloud.advance_clock(5 * 86_400)
        application.get_secret_value(SecretId=deployment.secret, VersionStage="AWSCURRENT")
    deployment.deploy()
    deployment.cloud.client("rds").reboot_db_instance(DBInstanceIdentifier=standby, ForceFailover=True)
    deployment.cloud.advance_clock(86_400)
    assert deployment.labels["AWSCURRENT"] != before
    assert [entry["outcome"] for entry in examine(deployment)] == ["succeeded", "succeeded"]
    assert eventually(lambda: set(states(deployment).values()) == {"OK"}), states(deployment)
    assert [json.loads(text)["Event Message"] for text in messages()[begun:]] == [
        "Multi-AZ instance failover started.",
        "Multi-AZ instance failover completed",
    ]


def told_of(messages: Callable[[], list[str]], paragraph: str) -> list[str]:
    """Return the messages so far that lead to a paragraph of the runbook."""
    return [text for text in messages() if f"'{paragraph}' in docs/runbook.md" in text]


@pytest.mark.parametrize("alarm", CAUSES)
def test_a_cause_raises_its_alarm_and_the_alarm_clears_with_it(
    deployment: Deployment, messages: Callable[[], list[str]], alarm: str
) -> None:
    """On-call is told, with the paragraph to read; when the cause is gone, all is well."""
    (finding,) = [finding for finding in FINDINGS if finding.name == alarm]
    raised = "INSUFFICIENT_DATA" if alarm == "ProbeSilent" else "ALARM"
    deployment.cloud.advance_clock(_LONG_AFTER)
    examine(deployment)
    assert eventually(lambda: states(deployment)[alarm] == "OK"), states(deployment)
    with CAUSES[alarm](deployment):
        assert eventually(lambda: states(deployment)[alarm] == raised), states(deployment)
        assert eventually(lambda: states(deployment)["Health"] == "ALARM")
        assert eventually(lambda: bool(told_of(messages, finding.paragraph)))
    deployment.cloud.advance_clock(_LONG_AFTER)
    assert [entry["outcome"] for entry in examine(deployment)] == ["succeeded", "succeeded"]
    assert eventually(lambda: set(states(deployment).values()) == {"OK"}), states(deployment)


def test_every_alarm_has_a_cause() -> None:
    """Here, or in the stack that has MySQL."""
    assert {finding.name for finding in FINDINGS} == {*CAUSES, CAUSED_ON_MYSQL}


@pytest.mark.parametrize("in_a_batch", [False, True], ids=["directly", "in a batch"])
def test_an_administrator_who_reads_a_credential_is_reported_by_name(
    deployment: Deployment,
    messages: Callable[[], list[str]],
    administrator: str,
    in_a_batch: bool,  # noqa: FBT001
) -> None:
    """The read succeeds: nothing but the trail could tell."""
    client = deployment.cloud.client("secretsmanager", role=administrator)
    if in_a_batch:
        assert client.batch_get_secret_value(SecretIdList=[deployment.secret])["SecretValues"]
    else:
        assert client.get_secret_value(SecretId=deployment.secret)["SecretString"]
    assert eventually(lambda: bool(told_of(messages, "Undeclared read")))
    (told, *_) = told_of(messages, "Undeclared read")
    for part in ("GetSecretValue", f"assumed-role/{administrator}/", deployment.secret, "127.0.0.1"):
        assert part in told


def test_declared_readers_are_never_reported(deployment: Deployment, messages: Callable[[], list[str]]) -> None:
    """Neither the application, nor our functions, nor who reads with them."""
    application = deployment.cloud.client("secretsmanager", role=deployment.outputs["ApplicationRoleName"])
    application.get_secret_value(SecretId=deployment.secret, VersionStage="AWSCURRENT")
    examine(deployment)
    assert deployment.rotate().outcome == "succeeded"
    outsider = deployment.cloud.client("secretsmanager", role=deployment.outputs["UserOrdersApiRoleName"])
    with pytest.raises(outsider.exceptions.ClientError):
        outsider.get_secret_value(SecretId=deployment.secret, VersionStage="AWSCURRENT")
    # What came before this message has been delivered.
    assert eventually(lambda: bool(told_of(messages, "Refused read")))
    assert told_of(messages, "Undeclared read") == []
    assert told_of(messages, "Secret changed") == []


def test_changes_by_hand_are_reported(
    deployment: Deployment, messages: Callable[[], list[str]], administrator: str
) -> None:
    """A tag, a label, a rotation that is switched off: each by the call that it was."""
    client = deployment.cloud.client("secretsmanager", role=administrator)
    secret = deployment.outputs["UserOrdersSecretArn"]
    version = client.describe_secret(SecretId=secret)["VersionIdsToStages"]
    current = next(number for number, labels in version.items() if "AWSCURRENT" in labels)
    rules = client.describe_secret(SecretId=secret)["RotationRules"]
    client.tag_resource(SecretId=secret, Tags=[{"Key": "owner", "Value": "nobody"}])
    client.update_secret_version_stage(SecretId=secret, VersionStage="BACKUP", MoveToVersionId=current)
    client.cancel_rotate_secret(SecretId=secret)
    wanted = ("TagResource", "UpdateSecretVersionStage", "CancelRotateSecret")
    assert eventually(lambda: all(any(call in text for text in told_of(messages, "Secret changed")) for call in wanted))
    client.untag_resource(SecretId=secret, TagKeys=["owner"])
    client.update_secret_version_stage(SecretId=secret, VersionStage="BACKUP", RemoveFromVersionId=current)
    client.rotate_secret(SecretId=secret, RotationRules=rules, RotateImmediately=False)


def test_a_deleted_secret_and_whoever_still_reads_it_are_reported(
    deployment: Deployment, messages: Callable[[], list[str]], administrator: str
) -> None:
    """Within its recovery window it can be restored; until then applications get nothing."""
    client = deployment.cloud.client("secretsmanager", role=administrator)
    reader = deployment.cloud.client("secretsmanager", role=deployment.outputs["UserOrdersApiRoleName"])
    secret = deployment.outputs["UserOrdersSecretArn"]
    client.delete_secret(SecretId=secret, RecoveryWindowInDays=7)
    try:
        assert eventually(lambda: any("DeleteSecret" in text for text in told_of(messages, "Secret changed")))
        with pytest.raises(reader.exceptions.InvalidRequestException):
            reader.get_secret_value(SecretId=secret, VersionStage="AWSCURRENT")
        assert eventually(lambda: any("marked for deletion" in text for text in told_of(messages, "Refused read")))
    finally:
        client.restore_secret(SecretId=secret)


def test_a_key_that_is_disabled_is_reported(
    deployment: Deployment, messages: Callable[[], list[str]], administrator: str
) -> None:
    """Before the first application finds out."""
    keys = deployment.cloud.client("kms", role=administrator)
    key = deployment.cloud.client("secretsmanager").describe_secret(SecretId=deployment.secret)["KmsKeyId"]
    keys.disable_key(KeyId=key)
    try:
        assert eventually(lambda: bool(told_of(messages, "Key endangered")))
    finally:
        keys.enable_key(KeyId=key)


def test_a_trail_that_is_stopped_is_reported(
    deployment: Deployment, messages: Callable[[], list[str]], administrator: str
) -> None:
    """It is the last thing that it records."""
    trails = deployment.cloud.client("cloudtrail", role=administrator)
    trails.stop_logging(Name="rotating-rds-local")
    try:
        assert eventually(lambda: bool(told_of(messages, "Trail stopped")))
    finally:
        trails.start_logging(Name="rotating-rds-local")

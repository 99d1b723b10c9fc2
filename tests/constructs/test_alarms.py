from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_rds as rds
from aws_cdk import aws_sns as sns

from rotating_rds import Engine, Rotation, Thresholds
from tests.support.declarations import new_declaration, template_of
from tests.support.toolchain import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotating_rds import RotatingDatabase
    from tests.support.templates import Template

ALARM = "AWS::CloudWatch::Alarm"
FAILED = "Orders/Alarms/RotationFailed"
TOPIC = "${Orders/AlarmTopic}"
ALARMS_OF_THIS_ACCOUNT = {
    "StringEquals": {"aws:SourceAccount": "${AWS::AccountId}"},
    "ArnLike": {"aws:SourceArn": "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:*"},
}
SERVERS_OF_THIS_ACCOUNT = {
    "StringEquals": {"aws:SourceAccount": "${AWS::AccountId}"},
    "ArnLike": {"aws:SourceArn": "arn:${AWS::Partition}:rds:${AWS::Region}:${AWS::AccountId}:*"},
}
# AWS supports no condition for EventBridge, neither in a topic's policy nor in that of its key: none would ever hold.
PUBLISHERS = [
    ("cloudwatch.amazonaws.com", ALARMS_OF_THIS_ACCOUNT),
    ("events.amazonaws.com", None),
    ("events.rds.amazonaws.com", SERVERS_OF_THIS_ACCOUNT),
]


def statement_for(service: str, document: dict[str, Any]) -> dict[str, Any]:
    """Return the only statement of a policy for a service."""
    found: dict[str, Any]
    (found,) = [statement for statement in document["Statement"] if statement["Principal"] == {"Service": service}]
    return found


@pytest.mark.parametrize(
    ("path", "metric"),
    [("Orders/Alarms/FunctionErrors", "Errors"), ("Orders/Alarms/FunctionThrottles", "Throttles")],
)
def test_one_error_or_throttle_of_the_function_raises_an_alarm(defaults: Template, path: str, metric: str) -> None:
    """A rotation is rare, so that a single fault is worth a message."""
    alarm = defaults.properties(ALARM, path)
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == ("AWS/Lambda", metric, "Sum")
    assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": "${Orders/RotationFunction}"}]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanOrEqualToThreshold", 1)
    assert (alarm["EvaluationPeriods"], alarm["Period"]) == (1, 300)


def test_every_alarm_tells_the_topic_when_it_comes_and_goes(defaults: Template) -> None:
    """An alarm without an action is a light that nobody sees."""
    alarms = defaults.of_type(ALARM)
    assert alarms
    for path in alarms:
        alarm = defaults.properties(ALARM, path)
        assert alarm["AlarmActions"] == alarm["OKActions"] == [TOPIC]
        assert alarm.get("ActionsEnabled", True) is True


@pytest.mark.parametrize(
    ("alarm", "treated"),
    [
        ("FunctionErrors", "notBreaching"),  # the function runs once in a month: missing data is the normal state
        ("FunctionThrottles", "notBreaching"),
        ("LoginFails", "ignore"),  # what the last examination found is so until the next one
        ("RotationStuck", "ignore"),
        ("RotationOverdue", "ignore"),
        ("CertificateEnds", "ignore"),
        ("ProbeIncomplete", "ignore"),
        ("ProbeSilent", "missing"),  # no new database begins with an alarm
    ],
)
def test_missing_data_is_treated_on_purpose(defaults: Template, alarm: str, treated: str) -> None:
    """Silence means something else to each."""
    assert defaults.properties(ALARM, f"Orders/Alarms/{alarm}")["TreatMissingData"] == treated


@pytest.mark.parametrize(
    ("alarm", "metric", "compared"),
    [
        ("LoginFails", "LoginFailures", ("Maximum", "GreaterThanOrEqualToThreshold", 1)),
        ("RotationStuck", "PendingHours", ("Maximum", "GreaterThanOrEqualToThreshold", 1)),
        ("RotationOverdue", "OverdueHours", ("Maximum", "GreaterThanOrEqualToThreshold", 24)),
        ("CertificateEnds", "CertificateDays", ("Minimum", "LessThanThreshold", 90)),
        ("ProbeIncomplete", "ProbeRuns", ("Minimum", "LessThanThreshold", 1)),
        ("ProbeSilent", "ProbeRuns", ("Maximum", "LessThanThreshold", 1)),
    ],
)
def test_what_the_probe_finds_is_compared_with_documented_defaults(
    defaults: Template, alarm: str, metric: str, compared: tuple[str, str, float]
) -> None:
    """The worst credential of the database decides."""
    found = defaults.properties(ALARM, f"Orders/Alarms/{alarm}")
    assert (found["Namespace"], found["MetricName"]) == ("RotatingRDS", metric)
    assert (found["Statistic"], found["ComparisonOperator"], found["Threshold"]) == compared
    assert [dimension["Name"] for dimension in found["Dimensions"]] == ["Database"]


def test_thresholds_are_the_adopters_choice() -> None:
    """GIVEN others, THEN alarms compare with those; silence is counted in steps of six hours."""
    declaration = new_declaration()
    thresholds = Thresholds(
        overdue=Duration.hours(2),
        pending=Duration.minutes(30),
        certificate=Duration.days(30),
        silence=Duration.hours(13),
    )
    declaration.database().add_alarms(thresholds=thresholds)
    alarms = declaration.template().of_type(ALARM)
    compared = {path.rpartition("/")[2]: alarm["Properties"]["Threshold"] for path, alarm in alarms.items()}
    assert (compared["RotationOverdue"], compared["RotationStuck"], compared["CertificateEnds"]) == (2, 0.5, 30)
    silent = alarms["Orders/Alarms/ProbeSilent"]["Properties"]
    assert (silent["EvaluationPeriods"], silent["Period"]) == (3, 21_600)


def test_silence_of_the_probe_tells_by_the_state_that_it_is() -> None:
    """No data for 36 hours, after there was some, is a message as well."""
    declaration = new_declaration()
    declaration.database().add_alarms()
    alarms = declaration.template().of_type(ALARM)
    telling = {path for path, alarm in alarms.items() if alarm["Properties"].get("InsufficientDataActions")}
    assert telling == {"Orders/Alarms/ProbeSilent"}


def test_alarms_are_about_what_can_be_found() -> None:
    """GIVEN strategies of users, THEN pairs are compared, and retained passwords watched, where there are any."""
    found: dict[str, set[str]] = {}
    for name, rotation in (("pair", Rotation.alternating_users()), ("reset", Rotation.admin_reset())):
        declaration = new_declaration()
        database = declaration.database(engine=Engine.mysql(rds.MysqlEngineVersion.VER_8_4_8), database_name="shop")
        database.add_alarms()
        database.add_user("web", rotation=rotation)
        found[name] = {path.rpartition("/")[2] for path in declaration.template().of_type(ALARM)}
    assert found["pair"] - found["reset"] == {"PrivilegesDiffer"}
    assert found["reset"] - found["pair"] == {"PasswordRetained"}


def test_what_pages_and_what_writes_is_told_apart() -> None:
    """GIVEN further actions by severity, THEN alarms of that severity have them, beside the topic."""
    declaration = new_declaration()
    pager, chat = sns.Topic(declaration.stack, "Pager"), sns.Topic(declaration.stack, "Chat")
    declaration.database().add_alarms(
        critical=[actions.SnsAction(pager)],
        warning=[actions.SnsAction(chat)],
        notify=sns.Topic(declaration.stack, "All"),
    )
    alarms = declaration.template().readable(declaration.template().of_type(ALARM))
    critical = {path.rpartition("/")[2] for path, alarm in alarms.items() if "${Pager}" in str(alarm)}
    assert critical == {"LoginFails", "RotationStuck"}
    for alarm in alarms.values():
        told = alarm["Properties"]["AlarmActions"]
        assert told == alarm["Properties"]["OKActions"]
        assert told in (["${All}", "${Pager}"], ["${All}", "${Chat}"])


def test_one_composite_alarm_says_whether_anything_is_wrong(defaults: Template) -> None:
    """Of every alarm of the database; a probe that is silent counts."""
    rule = defaults.properties("AWS::CloudWatch::CompositeAlarm")["AlarmRule"]
    for path in defaults.of_type(ALARM):
        assert f'ALARM("${{{path}}}")' in rule
    assert 'INSUFFICIENT_DATA("${Orders/Alarms/ProbeSilent}")' in rule


def test_every_alarm_leads_to_the_runbook(defaults: Template) -> None:
    """Who is woken up finds the paragraph to read."""
    for alarm in defaults.of_type(ALARM).values():
        assert "docs/runbook.md" in alarm["Properties"]["AlarmDescription"]


def test_the_paragraphs_of_the_runbook_exist(defaults: Template) -> None:
    """What an alarm or event refers to can be looked up."""
    titles = set(re.findall(r"^## (.+)$", (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8"), re.MULTILINE))
    (target,) = defaults.properties("AWS::Events::Rule", FAILED)["Targets"]
    texts = [alarm["Properties"]["AlarmDescription"] for alarm in defaults.of_type(ALARM).values()]
    texts.append(target["InputTransformer"]["InputTemplate"])
    for text in texts:
        (title,) = re.findall(r"[Ss]ee '([^']+)' in docs/runbook\.md", text)
        assert title in titles


def test_failed_and_abandoned_rotations_of_this_secret_are_events(defaults: Template) -> None:
    """No metric tells of them, and other secrets of the account are not meant."""
    rule = defaults.properties("AWS::Events::Rule", FAILED)
    assert rule["State"] == "ENABLED"
    assert rule["EventPattern"] == {
        "source": ["aws.secretsmanager"],
        "detail-type": ["AWS Service Event via CloudTrail"],
        "detail": {
            "eventSource": ["secretsmanager.amazonaws.com"],
            "eventName": ["RotationFailed", "RotationAbandoned"],
            "additionalEventData": {"SecretId": ["${Orders/Secret/Attachment}"]},
        },
    }


def test_the_message_of_a_failed_rotation_can_be_read(defaults: Template) -> None:
    """It says what happened, to which secret, when, and where to look."""
    (target,) = defaults.properties("AWS::Events::Rule", FAILED)["Targets"]
    transformer = target["InputTransformer"]
    assert target["Arn"] == TOPIC
    assert transformer["InputPathsMap"] == {
        "detail-eventName": "$.detail.eventName",
        "detail-additionalEventData-SecretId": "$.detail.additionalEventData.SecretId",
        "time": "$.time",
    }
    for part in ("<detail-eventName>", "<detail-additionalEventData-SecretId>", "<time>", "docs/runbook.md"):
        assert part in transformer["InputTemplate"]


@pytest.mark.parametrize(("service", "condition"), PUBLISHERS)
def test_the_topic_admits_alarms_and_servers_of_this_account_and_eventbridge(
    defaults: Template, service: str, condition: dict[str, Any] | None
) -> None:
    """Nobody else's alarm or server can publish to it, and no condition keeps EventBridge's messages away."""
    policy = defaults.properties("AWS::SNS::TopicPolicy")["PolicyDocument"]
    statement = statement_for(service, policy)
    assert (statement["Action"], statement["Resource"]) == ("sns:Publish", TOPIC)
    assert statement.get("Condition") == condition


@pytest.mark.parametrize(("service", "condition"), PUBLISHERS)
def test_the_topics_key_admits_the_same_publishers(
    defaults: Template, service: str, condition: dict[str, Any] | None
) -> None:
    """Without the use of the key a message is lost, and nothing reports it."""
    policy = defaults.properties("AWS::KMS::Key", "Orders/AlarmTopic/Key")["KeyPolicy"]
    statement = statement_for(service, policy)
    assert {action.removesuffix("*") for action in statement["Action"]} == {"kms:Decrypt", "kms:GenerateDataKey"}
    assert statement.get("Condition") == condition


def test_the_topic_is_encrypted_and_takes_tls_only(defaults: Template) -> None:
    """Messages name secrets and databases."""
    assert defaults.properties("AWS::SNS::Topic")["KmsMasterKeyId"] == "${Orders/AlarmTopic/Key.Arn}"
    policy = defaults.properties("AWS::SNS::TopicPolicy")["PolicyDocument"]
    (denied,) = [statement for statement in policy["Statement"] if statement["Effect"] == "Deny"]
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_databases_key_admits_no_publisher(defaults: Template) -> None:
    """Alarms need the use of a key, but not of the one that decrypts credentials."""
    policy = defaults.properties("AWS::KMS::Key", "Orders/Key")["KeyPolicy"]
    services = {str(statement["Principal"].get("Service")) for statement in policy["Statement"]}
    assert not services & {service for service, _ in PUBLISHERS}


def test_a_topic_of_another_stack_is_used_and_admits_the_publishers() -> None:
    """GIVEN notify=, THEN no topic is made, and the given one lets alarms and rules publish, without a cycle."""
    declaration = new_declaration()
    stack = Stack(declaration.app, "Operations")
    topic = sns.Topic(stack, "OnCall")
    declaration.database().add_alarms(notify=topic)
    assert declaration.template().of_type("AWS::SNS::Topic") == {}
    policy = template_of(declaration.app, stack).properties("AWS::SNS::TopicPolicy")["PolicyDocument"]
    assert {statement["Principal"]["Service"] for statement in policy["Statement"]} == {
        service for service, _ in PUBLISHERS
    }


@pytest.mark.parametrize(
    ("metric", "namespace", "name", "statistic"),
    [
        (lambda database, **props: database.metric_function_errors(**props), "AWS/Lambda", "Errors", "Sum"),
        (lambda database, **props: database.metric_function_throttles(**props), "AWS/Lambda", "Throttles", "Sum"),
        (lambda database, **props: database.metric_step_duration(**props), "RotatingRDS", "StepDuration", "p90"),
        (lambda database, **props: database.metric_step_failures(**props), "RotatingRDS", "StepFailures", "Sum"),
    ],
)
def test_metrics_are_named_as_they_are_written(
    metric: Callable[..., cloudwatch.Metric], namespace: str, name: str, statistic: str
) -> None:
    """Dashboards of somebody else's find them; the period is theirs to choose."""
    database: RotatingDatabase = new_declaration().database(instance_identifier="orders")
    found = metric(database, period=Duration.hours(1))
    assert (found.namespace, found.metric_name, found.statistic) == (namespace, name, statistic)
    assert found.period.to_hours() == 1


def test_the_functions_own_metrics_are_told_apart_by_database() -> None:
    """One dimension, whose value is the database id of the function's environment."""
    database = new_declaration().database(instance_identifier="orders")
    assert database.metric_step_failures().dimensions == {"Database": "orders"}

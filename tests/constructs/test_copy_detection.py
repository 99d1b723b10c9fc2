"""Reads of copies in other regions: counted where a trail of all regions writes them, and told by an alarm."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk.assertions import Annotations, Match
from aws_cdk.aws_secretsmanager import ReplicaRegion

from localcloud.emulator.logs.pattern import compile_pattern
from rotating_rds import Compute, Rotation
from tests.support.declarations import Declaration, new_declaration

if TYPE_CHECKING:
    from rotating_rds import RotatingDatabase
    from tests.support.templates import Template

FILTER = "AWS::Logs::MetricFilter"
ALARM = "AWS::CloudWatch::Alarm"
COPIES = [ReplicaRegion(region="eu-central-1")]
ACCOUNT = "999988887777"


def declared(*readers: str, services: tuple[str, ...] = (), **props: Any) -> tuple[Declaration, RotatingDatabase]:
    """Declare a database with copies, one consumer of ours, and readers of others."""
    declaration = new_declaration(account=ACCOUNT)
    database = declaration.database(**{"replica_regions": COPIES, **props})
    group = logs.LogGroup.from_log_group_name(declaration.stack, "Trail", "trail")
    database.add_detection(trail_log_group=group, trusted=readers, trusted_services=services)
    database.add_consumer("Api", Compute.ecs_task())
    return declaration, database


def patterns(template: Template) -> list[str]:
    """Return the patterns of all filters, with the secret's name as CloudFormation might make it."""
    return [str(template.readable(each["Properties"])["FilterPattern"]) for each in template.of_type(FILTER).values()]


def read(secret: str, *, region: str = "eu-central-1", role: str | None = None, **more: Any) -> str:
    """Return a line of the trail about somebody who reads a secret, as a role or in person."""
    issuer = {"sessionContext": {"sessionIssuer": {"arn": role}}} if role else {}
    identity = {"type": "AssumedRole" if role else "IAMUser", "accountId": ACCOUNT, **issuer}
    about = {"eventName": "GetSecretValue", "awsRegion": region, "requestParameters": {"secretId": secret}}
    return json.dumps({**about, "userIdentity": {**identity, **more.pop("identity", {})}, **more})


def reports(template: Template, line: str) -> bool:
    """Whether one of the filters counts a line; they are read as CloudWatch Logs reads them."""
    return any(compile_pattern(pattern)(line) for pattern in patterns(template))


def name_in(template: Template) -> str:
    """Return what stands for the name of the master's secret in a pattern."""
    (pattern,) = patterns(template)
    return pattern.partition('secretId = "*')[2].partition('*"')[0]


def test_whoever_is_not_declared_is_reported_and_nobody_else() -> None:
    """Also root and users, who have no role; but no declared reader, no refused read, and nothing at home."""
    friend = f"arn:aws:iam::{ACCOUNT}:role/team/reports"
    declaration, _ = declared(friend)
    template = declaration.template()
    name = name_in(template)
    arn = f"arn:aws:secretsmanager:eu-central-1:{ACCOUNT}:secret:{name}-AbCdEf"
    ours = f"arn:${{AWS::Partition}}:iam::{ACCOUNT}:role/rotating-rds/OrdersApi"
    stranger = f"arn:aws:iam::{ACCOUNT}:role/administrator"
    for secret in (arn, arn.removesuffix("-AbCdEf"), name):
        assert reports(template, read(secret, role=stranger))
        assert reports(template, read(secret))
        for role in (friend, ours):
            assert not reports(template, read(secret, role=role))
    assert not reports(template, read(arn, region="eu-west-1", role=stranger))
    assert not reports(template, read(arn, role=stranger, errorCode="AccessDenied"))
    assert not reports(template, read("another", role=stranger))


def test_a_declared_user_calls_without_a_role() -> None:
    """Another user is news."""
    friend = f"arn:aws:iam::{ACCOUNT}:user/auditor"
    declaration, _ = declared(friend)
    template = declaration.template()
    assert not reports(template, read(name_in(template), identity={"arn": friend}))
    assert reports(template, read(name_in(template), identity={"arn": f"{friend}-2"}))


def test_what_a_trusted_service_reads_for_somebody_is_no_news() -> None:
    """As CloudFormation does for whoever deploys."""
    declaration, _ = declared(services=("cloudformation.amazonaws.com",))
    template = declaration.template()
    for invoker, told in (("cloudformation.amazonaws.com", False), ("athena.amazonaws.com", True)):
        line = read(name_in(template), identity={"invokedBy": invoker})
        assert reports(template, line) is told
    assert reports(template, read(name_in(template)))


def test_a_reader_of_another_account_is_known_by_that_account() -> None:
    """The record here tells no more of it."""
    declaration, database = declared()
    database.grants.read_secret(iam.ArnPrincipal("arn:aws:iam::111122223333:role/reports"))
    template = declaration.template()
    for account, told in (("111122223333", False), ("444455556666", True)):
        line = read(name_in(template), identity={"type": "AWSAccount", "accountId": account})
        assert reports(template, line) is told


def test_an_alarm_tells_of_every_such_read() -> None:
    """Within a minute, and by the paragraph of the runbook."""
    declaration, database = declared()
    template = declaration.template()
    alarm = template.properties(ALARM)
    (transformation,) = template.properties(FILTER)["MetricTransformations"]
    assert template.properties(FILTER)["LogGroupName"] == "trail"
    assert (alarm["Namespace"], alarm["MetricName"]) == (
        transformation["MetricNamespace"],
        transformation["MetricName"],
    )
    assert database.database_id in alarm["MetricName"]
    assert (alarm["Statistic"], alarm["Threshold"], alarm["Period"]) == ("Sum", 1, Duration.minutes(1).to_seconds())
    assert alarm["TreatMissingData"] == "notBreaching"
    assert alarm["AlarmActions"] == alarm["OKActions"] == ["${Orders/DetectionTopic}"]
    assert "'Undeclared read of a copy' in docs/runbook.md" in alarm["AlarmDescription"]


def test_copies_of_users_share_filters_as_far_as_there_is_room_and_the_alarm() -> None:
    """Those without copies are in none."""
    declaration, database = declared(replica_regions=())
    for number in range(20):
        database.add_user(f"user{number}", rotation=Rotation.admin_reset(), replica_regions=COPIES)
    database.add_user("home", rotation=Rotation.admin_reset())
    template = declaration.template()
    assert 1 < len(patterns(template)) < 20
    assert sum(pattern.count("secretId") for pattern in patterns(template)) == 20
    assert len(template.of_type(ALARM)) == 1


def test_without_copies_there_is_neither_filter_nor_alarm() -> None:
    """They cost something."""
    declaration, _ = declared(replica_regions=())
    assert patterns(declaration.template()) == []
    assert declaration.template().of_type(ALARM) == {}


def test_copies_that_nobody_watches_are_warned_of() -> None:
    """With the remedy."""
    declaration = new_declaration(account=ACCOUNT)
    declaration.database(replica_regions=COPIES).add_detection()
    remedy = Match.string_like_regexp(r"give add_detection\(\) the trail_log_group= of a trail of all regions")
    assert len(Annotations.from_stack(declaration.stack).find_warning("/Shop/Orders/Detection", remedy)) == 1

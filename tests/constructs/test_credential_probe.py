"""When the probe runs, about what, and what it may do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from aws_cdk import Duration

from rotating_rds import DeclarationError, Rotation
from tests.support.declarations import new_declaration

if TYPE_CHECKING:
    from tests.support.templates import Template

RULE = "AWS::Events::Rule"
SECRET = "${Orders/Secret/Attachment}"


def test_it_runs_after_each_rotation_of_the_database_s_credentials(defaults: Template) -> None:
    """And after the trial of a rotation that follows a deployment, which makes it the first examination."""
    rule = defaults.properties(RULE, "Orders/Probe/AfterRotations")
    assert rule["State"] == "ENABLED"
    assert rule["EventPattern"] == {
        "source": ["aws.secretsmanager"],
        "detail-type": ["AWS Service Event via CloudTrail"],
        "detail": {
            "eventSource": ["secretsmanager.amazonaws.com"],
            "eventName": ["RotationSucceeded", "TestRotationSucceeded"],
            "additionalEventData": {"SecretId": [SECRET]},
        },
    }
    (target,) = rule["Targets"]
    assert target["InputTransformer"] == {
        "InputPathsMap": {"secret": "$.detail.additionalEventData.SecretId"},
        "InputTemplate": '{"secrets":[<secret>]}',
    }


def test_it_runs_every_day_about_all_of_them(defaults: Template) -> None:
    """Also where nothing happened."""
    rule = defaults.properties(RULE, "Orders/Probe/Regularly")
    assert rule["ScheduleExpression"] == "rate(1440 minutes)"
    (target,) = rule["Targets"]
    assert json.loads(target["Input"]) == {"secrets": [SECRET]}


def test_credentials_of_users_are_examined_as_well() -> None:
    """GIVEN more of them than one pattern and one input hold, THEN there are more of those, and none is left out."""
    declaration = new_declaration()
    database = declaration.database()
    database.add_alarms(probe_every=Duration.hours(6))
    for number in range(13):
        database.add_user(f"user{number}", rotation=Rotation.single_user())
    template = declaration.template()
    patterns = [
        rule["Properties"]["EventPattern"]["detail"]["additionalEventData"]["SecretId"]
        for path, rule in template.readable(template.of_type(RULE)).items()
        if "/Probe/AfterRotations" in path
    ]
    assert sorted(map(len, patterns)) == [2, 12]
    regularly = template.properties(RULE, "Orders/Probe/Regularly")
    assert regularly["ScheduleExpression"] == "rate(360 minutes)"
    assert set(json.loads(regularly["Targets"][0]["Input"])["secrets"]) == {arn for arns in patterns for arn in arns}


def test_its_role_may_look_and_read_the_current_value_and_no_more(defaults: Template) -> None:
    """Of its own database's secrets; it writes nothing."""
    statements = defaults.statements("Orders/ProbeFunction/Role")
    about_secrets = [each for each in statements if "secretsmanager" in str(each["Action"])]
    assert about_secrets == [
        {
            "Effect": "Allow",
            "Action": ["secretsmanager:DescribeSecret", "secretsmanager:ListSecretVersionIds"],
            "Resource": SECRET,
        },
        {
            "Effect": "Allow",
            "Action": "secretsmanager:GetSecretValue",
            "Resource": SECRET,
            "Condition": {"StringEquals": {"secretsmanager:VersionStage": "AWSCURRENT"}},
        },
    ]
    about_keys = [each for each in statements if "kms:" in str(each["Action"])]
    assert [each["Action"] for each in about_keys] == ["kms:Decrypt"]
    assert about_keys[0]["Condition"]["StringEquals"]["kms:EncryptionContext:SecretARN"] == SECRET


def test_only_its_own_rules_invoke_it(defaults: Template) -> None:
    """Each by its ARN, in this account."""
    permissions = [
        permission
        for permission in defaults.readable(defaults.of_type("AWS::Lambda::Permission")).values()
        if permission["Properties"]["FunctionName"] == "${Orders/ProbeFunction.Arn}"
    ]
    assert {permission["Properties"]["SourceArn"] for permission in permissions} == {
        "${Orders/Probe/Regularly.Arn}",
        "${Orders/Probe/AfterRotations.Arn}",
    }
    for permission in permissions:
        assert permission["Properties"]["Principal"] == "events.amazonaws.com"
        assert permission["Properties"]["SourceAccount"] == "${AWS::AccountId}"


@pytest.mark.parametrize("every", [Duration.minutes(59), Duration.days(8)])
def test_an_interval_that_makes_no_sense_is_refused(every: Duration) -> None:
    """With the range."""
    database = new_declaration().database()
    with pytest.raises(DeclarationError, match="choose 1 hour to 7 days"):
        database.add_alarms(probe_every=every)

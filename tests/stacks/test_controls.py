"""What the controls of Security Hub, CIS, AWS Config and Control Tower ask for, by meaning, in every account.

Roles, endpoint and default security group have files of their own here; what only a construct's props can change is
tested in tests/constructs.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.environments import NAMES, PARTS, template

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNTS = [name for name in NAMES if name != "local"]
SECRET, SCHEDULE = "AWS::SecretsManager::Secret", "AWS::SecretsManager::RotationSchedule"

pytestmark = pytest.mark.parametrize("name", ACCOUNTS)


def every(name: str, kind: str) -> Iterator[dict[str, Any]]:
    """Yield the properties of every resource of a type, in all stacks."""
    for part in PARTS:
        for path in template(name, part).of_type(kind):
            yield template(name, part).properties(kind, path)


# Secrets


def test_every_secret_rotates_through_its_attachment(name: str) -> None:
    """A schedule on the secret itself would rotate before the value knows its server."""
    orders = template(name, "orders")
    scheduled = {orders.properties(SCHEDULE, path)["SecretId"] for path in orders.of_type(SCHEDULE)}
    assert scheduled == {f"${{{path}/Attachment}}" for path in orders.of_type(SECRET)}


def test_every_secret_rotates_within_90_days(name: str) -> None:
    """Security Hub's SecretsManager.4 and its like."""
    for schedule in every(name, SCHEDULE):
        expression = schedule["RotationRules"]["ScheduleExpression"]
        if expression.startswith("cron("):
            *_, month, _week_day, year = expression.removesuffix(")").split()
            assert (month, year) == ("*", "*"), expression  # once in each month at least
        else:
            assert int(expression.removeprefix("rate(").split()[0]) <= 90


def test_every_secret_is_generated_under_the_customer_s_key(name: str) -> None:
    """Long, never written down, and of no use without the key."""
    secrets = list(every(name, SECRET))
    assert len(secrets) == 3
    for secret in secrets:
        assert "SecretString" not in secret
        assert secret["GenerateSecretString"]["PasswordLength"] >= 32
        assert secret["KmsKeyId"] == "${Database/Key.Arn}"
        assert secret["Tags"]


def test_no_template_holds_a_password(name: str) -> None:
    """The server's is a reference that CloudFormation resolves."""
    (instance,) = every(name, "AWS::RDS::DBInstance")
    assert instance["MasterUserPassword"] == "{{resolve:secretsmanager:${Database/Secret}:SecretString:password::}}"


# The database


def test_the_database_is_closed_and_encrypted(name: str) -> None:
    """No public address, storage and logs under the key, TLS only, an authority of today."""
    (instance,) = every(name, "AWS::RDS::DBInstance")
    assert instance["PubliclyAccessible"] is False
    assert (instance["StorageEncrypted"], instance["KmsKeyId"]) == (True, "${Database/Key.Arn}")
    assert instance["CACertificateIdentifier"] == "rds-ca-rsa2048-g1"
    assert instance["EnableIAMDatabaseAuthentication"] is True
    (parameters,) = every(name, "AWS::RDS::DBParameterGroup")
    assert parameters["Parameters"]["rds.force_ssl"] == "1"


def test_the_database_is_kept_up_and_told_about(name: str) -> None:
    """Minor upgrades, tags to snapshots, logs exported, events to the alarm topic, an unguessed master."""
    (instance,) = every(name, "AWS::RDS::DBInstance")
    assert (instance["AutoMinorVersionUpgrade"], instance["CopyTagsToSnapshot"]) == (True, True)
    assert instance["EnableCloudwatchLogsExports"] == ["postgresql", "upgrade"]
    assert instance["MasterUsername"] not in {"postgres", "admin", "root"}
    events = {event["SourceType"]: event for event in every(name, "AWS::RDS::EventSubscription")}
    assert set(events) == {"db-instance", "db-parameter-group"}
    assert {"failure", "failover", "deletion"} <= set(events["db-instance"]["EventCategories"])


def test_only_named_groups_reach_the_database(name: str) -> None:
    """No range of addresses, no group that is not ours."""
    orders = template(name, "orders")
    rules = [
        rule for rule in every(name, "AWS::EC2::SecurityGroupIngress") if rule["GroupId"].startswith("${Database/")
    ]
    assert {rule["SourceSecurityGroupId"] for rule in rules} == {
        "${Database/RotationFunction/SecurityGroup.GroupId}",
        "${Database/ProvisionFunction/SecurityGroup.GroupId}",
        "${Database/ProbeFunction/SecurityGroup.GroupId}",
    }
    assert {(rule["FromPort"], rule["ToPort"]) for rule in rules} == {(5432, 5432)}
    for path in orders.of_type("AWS::EC2::SecurityGroup"):
        assert "SecurityGroupIngress" not in orders.properties("AWS::EC2::SecurityGroup", path)


# The trail


def test_the_trail_records_everything_and_can_be_trusted(name: str) -> None:
    """All regions, global services, reads of secrets too; validated, encrypted, and in a log group."""
    (trail,) = every(name, "AWS::CloudTrail::Trail")
    assert trail["EventSelectors"] == [{"IncludeManagementEvents": True, "ReadWriteType": "All"}]
    for key in ("IsLogging", "IsMultiRegionTrail", "IncludeGlobalServiceEvents", "EnableLogFileValidation"):
        assert trail[key] is True
    assert (trail["KMSKeyId"], trail["CloudWatchLogsLogGroupArn"]) == ("${Trail/Key.Arn}", "${Trail/LogGroup.Arn}")


def test_the_trail_s_buckets_are_closed(name: str) -> None:
    """Private, versioned, encrypted, over TLS only, with an end of life; and accesses to the trail are logged."""
    audit = template(name, "audit")
    for bucket in every(name, "AWS::S3::Bucket"):
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
        assert bucket["BucketEncryption"]
        assert bucket["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"] > 0
    for policy in every(name, "AWS::S3::BucketPolicy"):
        (denial,) = [each for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Deny"]
        assert denial["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        for statement in policy["PolicyDocument"]["Statement"]:
            assert statement["Effect"] == "Deny" or "aws:SourceArn" in json.dumps(statement["Condition"])
    assert "LoggingConfiguration" in audit.properties("AWS::S3::Bucket", "Trail/Bucket")


# Keys


def test_every_key_rotates_and_admits_nobody_unconditionally_but_its_account(name: str) -> None:
    """Services use a key under a condition; the account's own policies decide who else may.

    EventBridge sends none that a condition could ask for ("Amazon SNS topics", in its guide to encrypted targets).
    """
    keys = list(every(name, "AWS::KMS::Key"))
    assert len(keys) == 4
    for key in keys:
        assert key["EnableKeyRotation"] is True
        assert key["PendingWindowInDays"] >= 7
        for statement in key["KeyPolicy"]["Statement"]:
            owner = statement["Principal"].get("AWS", "")
            service = statement["Principal"].get("Service", "")
            assert owner.endswith(":root") or "Condition" in statement or service == "events.amazonaws.com", statement
            assert owner != "*"


# Functions


def test_every_function_is_bounded_traced_and_encrypted(name: str) -> None:
    """In two zones at least, with concurrency of its own and a log under the key; nothing secret in its environment."""
    orders = template(name, "orders")
    for path in ("Database/RotationFunction", "Database/ProvisionFunction"):
        function = orders.properties("AWS::Lambda::Function", path)
        assert len(function["VpcConfig"]["SubnetIds"]) >= 2
        assert function["TracingConfig"] == {"Mode": "Active"}
        assert function["ReservedConcurrentExecutions"] > 0
        assert function["KmsKeyArn"] == "${Database/Key.Arn}"
        assert "password" not in json.dumps(function["Environment"]).lower()
        assert function["LoggingConfig"]["LogGroup"] == f"${{{path}/LogGroup}}"


def test_every_permission_names_account_and_source(name: str) -> None:
    """Nobody else's secret or rule has a function of ours invoked."""
    orders = template(name, "orders")
    permissions = list(every(name, "AWS::Lambda::Permission"))
    rules = (path for path in orders.of_type("AWS::Events::Rule") if "/Probe/" in path)
    assert {(permission["Principal"], permission["SourceArn"]) for permission in permissions} == {
        *(("secretsmanager.amazonaws.com", f"${{{path}/Attachment}}") for path in orders.of_type(SECRET)),
        *(("events.amazonaws.com", f"${{{path}.Arn}}") for path in rules),
    }
    assert {permission["SourceAccount"] for permission in permissions} == {"${AWS::AccountId}"}


def test_logs_are_kept_under_a_key(name: str) -> None:
    """As long as the environment asks for: a year at least where it matters."""
    days = {"dev": 30, "staging": 365, "prod": 365}[name]
    for group in every(name, "AWS::Logs::LogGroup"):
        assert group["RetentionInDays"] >= days
        assert group["KmsKeyId"].endswith("Key.Arn}")


# Alarms


def test_every_alarm_tells_somebody_and_knows_what_silence_means(name: str) -> None:
    """Actions both ways; missing data is treated on purpose."""
    alarms = list(every(name, "AWS::CloudWatch::Alarm"))
    assert alarms
    for alarm in alarms:
        assert alarm["AlarmActions"] == alarm["OKActions"] != []
        assert alarm.get("ActionsEnabled", True) is True
        assert alarm["TreatMissingData"] in {"notBreaching", "ignore", "missing"}


def test_every_secret_is_watched_for_failed_rotations(name: str) -> None:
    """A rule each, to the topic of alarms."""
    orders = template(name, "orders")
    patterns = json.dumps(
        [orders.properties("AWS::Events::Rule", path) for path in orders.of_type("AWS::Events::Rule")]
    )
    for path in orders.of_type(SECRET):
        assert f"${{{path}" in patterns
    assert "RotationFailed" in patterns


def test_the_topic_is_encrypted_and_admits_services_of_this_account(name: str) -> None:
    """Over TLS only. EventBridge takes no condition in a topic's policy (its user guide, "Amazon SNS permissions")."""
    (topic,) = every(name, "AWS::SNS::Topic")
    assert topic["KmsMasterKeyId"] == "${AlarmTopic/Key.Arn}"
    (policy,) = every(name, "AWS::SNS::TopicPolicy")
    for statement in policy["PolicyDocument"]["Statement"]:
        service = statement["Principal"]["Service"] if statement["Effect"] == "Allow" else None
        assert service is None or "aws:SourceAccount" in json.dumps(statement) or service == "events.amazonaws.com"
    assert any(
        statement["Effect"] == "Deny" and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        for statement in policy["PolicyDocument"]["Statement"]
    )

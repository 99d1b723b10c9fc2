from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import Duration, RemovalPolicy, Stack

from rotating_rds import AuditTrail
from tests.support.declarations import new_app, template_of

if TYPE_CHECKING:
    from tests.support.templates import Template

TRAIL_ARN = "arn:${AWS::Partition}:cloudtrail:${AWS::Region}:${AWS::AccountId}:trail/orders"
CLOUDTRAIL = {"Service": "cloudtrail.amazonaws.com"}


def synthesised(**props: Any) -> Template:
    """Return the template of a trail."""
    app = new_app()
    stack = Stack(app, "Audit")
    AuditTrail(stack, "Trail", trail_name="orders", **props)
    return template_of(app, stack)


@pytest.fixture(scope="module")
def trail() -> Template:
    """Return the template of a trail with nothing but a name."""
    return synthesised()


def statements_of(document: dict[str, Any], principal: Any) -> list[dict[str, Any]]:
    """Return a policy's statements for a principal."""
    return [statement for statement in document["Statement"] if statement["Principal"] == principal]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IsLogging", True),
        ("IsMultiRegionTrail", True),
        ("IncludeGlobalServiceEvents", True),
        ("EnableLogFileValidation", True),
        ("KMSKeyId", "${Trail/Key.Arn}"),
        ("S3BucketName", "${Trail/Bucket}"),
        ("CloudWatchLogsLogGroupArn", "${Trail/LogGroup.Arn}"),
        ("CloudWatchLogsRoleArn", "${Trail/Role.Arn}"),
        # Reads of secrets are management events: without "All" nobody would see them.
        ("EventSelectors", [{"ReadWriteType": "All", "IncludeManagementEvents": True}]),
    ],
)
def test_the_trail_records_everything_everywhere(trail: Template, name: str, value: object) -> None:
    """All regions, global services, reads included; validated, encrypted, searchable."""
    assert trail.properties("AWS::CloudTrail::Trail")[name] == value


def test_the_role_writes_to_the_log_group_only(trail: Template) -> None:
    """CloudTrail gains nothing else by it."""
    assert trail.statements("Trail/Role") == [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": "${Trail/LogGroup.Arn}",
        }
    ]
    assert trail.properties("AWS::IAM::Role")["AssumeRolePolicyDocument"]["Statement"] == [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": CLOUDTRAIL}
    ]


def test_the_trail_waits_for_the_policies_that_let_it_write(trail: Template) -> None:
    """CloudTrail tries bucket and log group at once."""
    waits_for = trail.depends_on("AWS::CloudTrail::Trail")
    assert waits_for >= {"Trail/Bucket/Policy", "Trail/Role/DefaultPolicy"}


@pytest.mark.parametrize("path", ["Trail/Bucket", "Trail/AccessLogs"])
def test_buckets_are_private_versioned_and_retained(trail: Template, path: str) -> None:
    """Who tampers with the record leaves traces."""
    bucket = trail.resource("AWS::S3::Bucket", path)
    assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["DeletionPolicy"] == "Retain"


@pytest.mark.parametrize("path", ["Trail/Bucket/Policy", "Trail/AccessLogs/Policy"])
def test_buckets_take_tls_only(trail: Template, path: str) -> None:
    """Plaintext requests are denied to everybody."""
    document = trail.properties("AWS::S3::BucketPolicy", path)["PolicyDocument"]
    (denied,) = [statement for statement in document["Statement"] if statement["Effect"] == "Deny"]
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert denied["Action"] == "s3:*"


def test_only_this_trail_writes_into_the_bucket(trail: Template) -> None:
    """The bucket policy is bound to the trail's ARN."""
    document = trail.properties("AWS::S3::BucketPolicy", "Trail/Bucket/Policy")["PolicyDocument"]
    assert [
        (statement["Action"], statement["Resource"], statement["Condition"])
        for statement in statements_of(document, CLOUDTRAIL)
    ] == [
        ("s3:GetBucketAcl", "${Trail/Bucket.Arn}", {"StringEquals": {"aws:SourceArn": TRAIL_ARN}}),
        (
            "s3:PutObject",
            "${Trail/Bucket.Arn}/AWSLogs/${AWS::AccountId}/*",
            {"StringEquals": {"aws:SourceArn": TRAIL_ARN, "s3:x-amz-acl": "bucket-owner-full-control"}},
        ),
    ]


def test_only_this_trail_encrypts_with_the_key(trail: Template) -> None:
    """Other trails of the account cannot use it."""
    document = trail.properties("AWS::KMS::Key")["KeyPolicy"]
    assert [(statement["Action"], statement["Condition"]) for statement in statements_of(document, CLOUDTRAIL)] == [
        (
            "kms:GenerateDataKey*",
            {"StringEquals": {"aws:SourceArn": TRAIL_ARN, "kms:EncryptionContext:aws:cloudtrail:arn": TRAIL_ARN}},
        ),
        ("kms:DescribeKey", {"StringEquals": {"aws:SourceArn": TRAIL_ARN}}),
    ]


def test_access_to_the_record_is_recorded(trail: Template) -> None:
    """Reads of the bucket end up in a second one."""
    assert trail.properties("AWS::S3::Bucket", "Trail/Bucket")["LoggingConfiguration"] == {
        "DestinationBucketName": "${Trail/AccessLogs}",
        "LogFilePrefix": "audit/",
    }


def test_files_move_to_an_archive_and_expire_after_seven_years(trail: Template) -> None:
    """What is old is rarely read, and kept as long as audits ask for it."""
    (rule,) = trail.properties("AWS::S3::Bucket", "Trail/Bucket")["LifecycleConfiguration"]["Rules"]
    assert rule["ExpirationInDays"] == 7 * 365
    assert rule["Transitions"] == [{"StorageClass": "GLACIER", "TransitionInDays": 90}]


def test_files_that_expire_before_they_would_move_do_not_move() -> None:
    """S3 refuses a rule that archives after the expiry."""
    template = synthesised(object_retention=Duration.days(30))
    (rule,) = template.properties("AWS::S3::Bucket", "Trail/Bucket")["LifecycleConfiguration"]["Rules"]
    assert (rule["ExpirationInDays"], rule.get("Transitions")) == (30, None)


def test_a_destroyable_trail_leaves_nothing_behind() -> None:
    """GIVEN removal_policy=DESTROY, THEN key, buckets and log group go with the stack."""
    resources = synthesised(removal_policy=RemovalPolicy.DESTROY).body["Resources"].values()
    assert {resource.get("DeletionPolicy", "Delete") for resource in resources} == {"Delete"}

"""Copies of credentials in other regions: where they are, and who reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk.aws_secretsmanager import ReplicaRegion

from rotating_rds import Compute, Rotation
from tests.support.declarations import Declaration, new_declaration

if TYPE_CHECKING:
    from tests.support.templates import Template

SECRET = "AWS::SecretsManager::Secret"
KEY_ARN = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
COPY = "arn:${AWS::Partition}:secretsmanager:eu-central-1:111122223333:secret:${Orders/Secret/Attachment}[:6]"


@pytest.fixture
def declaration() -> Declaration:
    """Return a stack that knows where it is."""
    return new_declaration(account="111122223333", region="eu-west-1")


def with_key(declaration: Declaration) -> ReplicaRegion:
    """Return a region with a key of its own."""
    key = kms.Key.from_key_arn(declaration.stack, "KeyElsewhere", KEY_ARN)
    return ReplicaRegion(region="eu-central-1", encryption_key=key)


def copies(template: Template, path: str) -> list[dict[str, str]]:
    """Return where copies of a secret are."""
    found: list[dict[str, str]] = template.properties(SECRET, path).get("ReplicaRegions", [])
    return found


def test_no_credential_has_copies_unless_asked(declaration: Declaration) -> None:
    """A copy costs as much as a secret, and is one more place."""
    declaration.database()
    assert copies(declaration.template(), "Orders/Secret") == []


def test_every_credential_of_a_database_has_the_copies_that_it_asks_for(declaration: Declaration) -> None:
    """GIVEN regions, THEN master and users have copies there; a user may have others, or none."""
    database = declaration.database(replica_regions=[with_key(declaration)])
    database.add_user("web")
    database.add_user("reports", replica_regions=[ReplicaRegion(region="eu-north-1")])
    database.add_user("batch", replica_regions=[])
    template = declaration.template()
    elsewhere = [{"Region": "eu-central-1", "KmsKeyId": KEY_ARN}]
    assert copies(template, "Orders/Secret") == copies(template, "Orders/Users/web/Secret") == elsewhere
    assert copies(template, "Orders/Users/reports/Secret") == [{"Region": "eu-north-1"}]
    assert copies(template, "Orders/Users/batch/Secret") == []


def test_a_consumer_reads_the_current_value_of_a_copy_and_uses_its_key_for_nothing_else(
    declaration: Declaration,
) -> None:
    """By the same conditions as where the secret itself is."""
    declaration.database(replica_regions=[with_key(declaration)]).add_consumer("Api", Compute.ecs_task())
    statements = declaration.template().statements("Orders/Api")
    reads = [each for each in statements if each["Action"] == "secretsmanager:GetSecretValue"]
    assert [read["Resource"] for read in reads] == ["${Orders/Secret/Attachment}", COPY]
    for read in reads:
        assert read["Condition"] == {"StringEquals": {"secretsmanager:VersionStage": "AWSCURRENT"}}
    assert {
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Resource": KEY_ARN,
        "Condition": {
            "StringEquals": {
                "kms:ViaService": "secretsmanager.eu-central-1.amazonaws.com",
                "kms:EncryptionContext:SecretARN": COPY,
            }
        },
    } in statements


def test_functions_of_ours_read_no_copy(declaration: Declaration) -> None:
    """They work where the database is."""
    database = declaration.database(replica_regions=[with_key(declaration)])
    database.add_alarms()
    database.add_user("web", rotation=Rotation.admin_reset())
    template = declaration.template()
    for function in ("RotationFunction", "ProvisionFunction", "ProbeFunction"):
        assert "eu-central-1" not in str(template.statements(f"Orders/{function}/Role"))


def test_a_reader_of_another_account_is_admitted_to_copies_by_the_policy_that_is_copied(
    declaration: Declaration,
) -> None:
    """Secrets Manager copies the resource policy, which names no region."""
    database = declaration.database(replica_regions=[ReplicaRegion(region="eu-central-1")])
    database.grants.read_secret(iam.ArnPrincipal("arn:aws:iam::999988887777:role/reports"))
    policy = declaration.template().properties("AWS::SecretsManager::ResourcePolicy")["ResourcePolicy"]
    (statement,) = [each for each in policy["Statement"] if each["Effect"] == "Allow"]
    assert statement["Resource"] == "*"

"""What an update may replace: a new logical id is a new resource, and a changed immutable property as well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stacks.settings_file import read_settings
from tests.support.environments import NAMES, synthesise, template

if TYPE_CHECKING:
    from tests.support.templates import Template

PINNED = {
    # Renamed, CloudFormation would make the new schedule and then remove rotation from the secret with the old one.
    "AWS::SecretsManager::RotationSchedule": "DatabaseRotationScheduleCE2A3ED0",
    "AWS::SecretsManager::Secret": "DatabaseSecret3B817195",
    "AWS::SecretsManager::SecretTargetAttachment": "DatabaseSecretAttachmentE5D1B020",
    "AWS::RDS::DBInstance": "DatabaseF44359DD",
    "AWS::RDS::DBSubnetGroup": "DatabaseSubnetGroup669F481A",
    "AWS::Lambda::Function": "DatabaseRotationFunction7C1D3821",
}
# Properties whose change replaces the resource, by CloudFormation's documentation.
IMMUTABLE = {
    "AWS::SecretsManager::RotationSchedule": ["SecretId"],
    "AWS::SecretsManager::Secret": ["Name"],
    "AWS::SecretsManager::SecretTargetAttachment": [],
    "AWS::RDS::DBInstance": [
        "DBInstanceIdentifier",
        "DBName",
        "DBSubnetGroupName",
        "KmsKeyId",
        "MasterUsername",
        "StorageEncrypted",
        "AvailabilityZone",
        "Port",
    ],
    "AWS::RDS::DBSubnetGroup": ["DBSubnetGroupName"],
    "AWS::Lambda::Function": ["FunctionName"],
}


def identity(template_: Template) -> dict[str, Any]:
    """Return logical id and immutable properties of what must never be replaced."""
    return {
        kind: (
            template_.logical_id(kind),
            {name: template_.properties(kind).get(name) for name in names},
        )
        for kind, names in IMMUTABLE.items()
    }


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("kind", "logical_id"), PINNED.items())
def test_logical_ids_are_for_ever(name: str, kind: str, logical_id: str) -> None:
    """A refactoring that changes one of these would replace a database or drop its rotation."""
    assert template(name, "database").logical_id(kind) == logical_id


@pytest.mark.parametrize(
    ("table", "changes"),
    [
        ("rotation", {"schedule": "rate(7 days)"}),
        ("rotation", {"schedule": "cron(0 3 ? * SUN *)", "window_hours": 3}),
        ("rotation", {"rotate_immediately": True}),
        ("rotation", {"function_concurrency": 0}),
        ("database", {"instance_type": "m7g.xlarge"}),
        ("database", {"engine_version": "18.3"}),
        ("database", {"multi_az": False}),
        ("database", {"allocated_storage_gib": 200}),
        ("database", {"backup_retention_days": 14}),
        ("database", {"deletion_protection": False}),
        ("database", {"removal": "snapshot"}),
        ("database", {"log_retention_days": 3653}),
        ("alarms", {"emails": ("oncall@example.com",)}),
    ],
)
def test_a_harmless_edit_replaces_nothing(table: str, changes: dict[str, Any]) -> None:
    """GIVEN an edit of the settings, THEN secret, schedule, instance and function stay what they are."""
    settings = read_settings("prod")
    edited = getattr(settings, table).model_copy(update=changes)
    changed = synthesise(settings.model_copy(update={table: edited}))["database"]
    assert changed.body != template("prod", "database").body
    assert identity(changed) == identity(template("prod", "database"))


def test_the_check_sees_a_replacement() -> None:
    """GIVEN another master user, which only a new instance can have, THEN the comparison tells."""
    settings = read_settings("prod")
    edited = settings.database.model_copy(update={"master_username": "someone"})
    changed = synthesise(settings.model_copy(update={"database": edited}))["database"]
    assert identity(changed) != identity(template("prod", "database"))

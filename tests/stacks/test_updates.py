"""What an update may replace: a new logical id is a new resource, and a changed immutable property as well."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest
import tomlkit

from stacks.settings_file import ENVIRONMENTS, read_settings
from tests.support.environments import NAMES, PARTS, synthesise, template
from tests.support.templates import Template

if TYPE_CHECKING:
    from pathlib import Path

PINNED = {
    # Renamed, CloudFormation would make the new schedule and then remove rotation from the secret with the old one.
    "AWS::SecretsManager::RotationSchedule": "DatabaseRotationScheduleCE2A3ED0",
    "AWS::SecretsManager::Secret": "DatabaseSecret3B817195",
    "AWS::SecretsManager::SecretTargetAttachment": "DatabaseSecretAttachmentE5D1B020",
    "AWS::RDS::DBInstance": "DatabaseF44359DD",
    "AWS::RDS::DBSubnetGroup": "DatabaseSubnetGroup669F481A",
    "AWS::Lambda::Function": "DatabaseRotationFunction7C1D3821",
}
PATHS = {
    "AWS::SecretsManager::RotationSchedule": "Database/RotationSchedule",
    "AWS::SecretsManager::Secret": "Database/Secret",
    "AWS::SecretsManager::SecretTargetAttachment": "Database/Secret/Attachment",
    "AWS::RDS::DBInstance": "Database",
    "AWS::RDS::DBSubnetGroup": "Database/SubnetGroup/Default",
    "AWS::Lambda::Function": "Database/RotationFunction",
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
            template_.logical_id(kind, PATHS[kind]),
            {name: template_.properties(kind, PATHS[kind]).get(name) for name in names},
        )
        for kind, names in IMMUTABLE.items()
    }


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("kind", "logical_id"), PINNED.items())
def test_logical_ids_are_for_ever(name: str, kind: str, logical_id: str) -> None:
    """A refactoring that changes one of these would replace a database or drop its rotation."""
    assert template(name, "orders").logical_id(kind, PATHS[kind]) == logical_id


def users(template_: Template) -> dict[str, list[str]]:
    """Return the logical ids of what belongs to users."""
    kinds = ("AWS::SecretsManager::RotationSchedule", "AWS::SecretsManager::Secret", "Custom::DatabaseUser")
    return {
        kind: [template_.logical_id(kind, path) for path in sorted(template_.of_type(kind)) if "/Users/" in path]
        for kind in kinds
    }


@pytest.mark.parametrize(
    ("where", "changes"),
    [
        ("rotation", {"schedule": "rate(7 days)"}),
        ("rotation", {"schedule": "cron(0 3 ? * SUN *)", "window_hours": 3}),
        ("rotation", {"rotate_immediately": True}),
        ("functions", {"concurrency": 0}),
        ("functions", {"tracing": False}),
        ("defaults", {"instance_type": "m7g.xlarge"}),
        ("defaults", {"multi_az": False}),
        ("defaults", {"allocated_storage_gib": 200}),
        ("defaults", {"backup_retention_days": 14}),
        ("defaults", {"deletion_protection": False}),
        ("defaults", {"removal": "snapshot"}),
        ("defaults", {"log_retention_days": 3653}),
        ("defaults", {"monitoring_interval_seconds": 0}),
        ("defaults", {"performance_insights": True}),
        ("databases", {"engine_version": "18.3"}),
        ("databases", {"consumers": [{"name": "reports", "compute": "ecs_task"}]}),
        ("databases", {"users": [{"name": "orders"}, {"name": "migrations"}, {"name": "reports"}]}),
        ("users", {"access": "read_only"}),
        ("users", {"rotation": {"strategy": "admin_reset"}}),
        ("users", {"consumers": []}),
        ("alarms", {"emails": ["oncall@example.com"]}),
        ("tags", {"cost-centre": "4711"}),
    ],
)
def test_a_harmless_edit_replaces_nothing(where: str, changes: dict[str, Any], tmp_path: Path) -> None:
    """GIVEN an edit of the file, THEN secrets, schedules, users, instance and function stay what they are."""
    changed = edited(tmp_path, where, changes)
    assert changed != {part: template("prod", part).body for part in PARTS}
    orders, before = Template(changed["orders"]), template("prod", "orders")
    assert identity(orders) == identity(before)
    for kind, logical_ids in users(before).items():
        assert logical_ids
        assert set(users(orders)[kind]) >= set(logical_ids), kind


def edited(directory: Path, where: str, changes: dict[str, Any]) -> dict[str, Any]:
    """Return the templates of production after an edit of its file."""
    content = tomllib.loads((ENVIRONMENTS / "prod.toml").read_text(encoding="utf-8"))
    (database,) = content["databases"]
    table = {"databases": database, "users": database["users"][0]}.get(where) or content.setdefault(where, {})
    table.update(changes)
    (directory / "prod.toml").write_text(tomlkit.dumps(content), encoding="utf-8")
    return {part: found.body for part, found in synthesise(read_settings("prod", directory)).items()}


def test_the_check_sees_a_replacement(tmp_path: Path) -> None:
    """GIVEN another master user, which only a new instance can have, THEN the comparison tells."""
    changed = Template(edited(tmp_path, "databases", {"master_username": "someone"})["orders"])
    assert identity(changed) != identity(template("prod", "orders"))

"""Forty databases with three users and three consumers each: inside every limit of AWS, or refused with the remedy."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import tomlkit
from aws_cdk import App

from rotating_rds import DeclarationError
from stacks.environment import declare
from stacks.settings_file import read_settings
from tests.support.environments import CONTEXT, synthesise

if TYPE_CHECKING:
    from pathlib import Path

    from stacks.settings import Settings
    from tests.support.templates import Template

DATABASES, USERS = 40, 3
_LONGEST_ARN = 120


def settings_of(directory: Path, *, shared: bool = False, databases: int = DATABASES) -> Settings:
    """Return an environment with so many databases."""
    consumers = [{"name": "app", "compute": "ecs_task"}]
    content: dict[str, Any] = {
        "aws": {"region": "eu-west-1", "account": "111122223333"},
        "network": {"cidr": "10.0.0.0/16", "availability_zones": ["eu-west-1a", "eu-west-1b"]},
        "functions": {"shared": shared},
        "databases": [
            {
                "name": f"shop-{number}",
                "engine": "postgres",
                "engine_version": "18",
                "users": [{"name": f"user{user}", "consumers": consumers} for user in range(USERS)],
            }
            for number in range(databases)
        ],
    }
    (directory / "test.toml").write_text(tomlkit.dumps(content), encoding="utf-8")
    return read_settings("test", directory)


@pytest.mark.timeout(300)
def test_forty_databases_stay_inside_every_limit(tmp_path: Path) -> None:
    """Each has a stack and functions of its own, so that nothing grows with their number but the rules of the bus."""
    parts = synthesise(settings_of(tmp_path))
    databases = [template for part, template in parts.items() if part.startswith("shop-")]
    assert len(databases) == DATABASES
    for template in databases:
        check_stack(template)
    assert sum(len(template.of_type("AWS::Events::Rule")) for template in parts.values()) <= 300


def check_stack(template: Template) -> None:
    """Hold a stack to "AWS CloudFormation quotas", "Lambda quotas", "IAM and AWS STS quotas"."""
    assert len(template.body["Resources"]) <= 500
    assert len(template.body.get("Outputs", {})) <= 200
    assert len(json.dumps(template.body)) <= 1_000_000
    for function in template.of_type("AWS::Lambda::Function").values():
        variables = function["Properties"].get("Environment", {}).get("Variables", {})
        assert len(json.dumps(template.readable(variables))) <= 4_096
    permissions = template.of_type("AWS::Lambda::Permission").values()
    assert sum(len(json.dumps(template.readable(permission))) for permission in permissions) <= 20_480
    for role in template.of_type("AWS::IAM::Role"):
        # Written out, an ARN is longer than the path that stands for it here.
        statements = json.dumps(template.statements(role), separators=(",", ":"))
        inline = len(re.sub(r"\$\{[^}]+\}", "x" * _LONGEST_ARN, statements))
        assert inline <= 10_240, role


def test_more_than_one_function_can_serve_is_refused_with_the_remedy(tmp_path: Path) -> None:
    """GIVEN functions that all of them share, THEN the limit is told before anything is deployed."""
    settings = settings_of(tmp_path, shared=True, databases=DATABASES // USERS)
    with pytest.raises(DeclarationError, match="make another RotationFunction for some of the databases"):
        declare(App(context=CONTEXT), settings)

"""Every sample of the documentation runs: constructs are declared and synthesised, environments are read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import aws_cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_rds as rds

import rotating_rds
from stacks.settings_file import read_settings
from tests.support.declarations import new_declaration
from tests.support.environments import synthesise
from tests.support.toolchain import ROOT, put_own_tools_first

if TYPE_CHECKING:
    from pathlib import Path

put_own_tools_first()
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PLACE = """\
[aws]
region = "eu-west-1"

[network]
cidr = "10.0.0.0/16"
availability_zones = ["eu-west-1a", "eu-west-1b"]
"""


def samples(language: str) -> list[Any]:
    """Return the samples of a language, each named by its document and number."""
    return [
        pytest.param(text, id=f"{path.relative_to(ROOT)}-{number}")
        for path in DOCUMENTS
        for number, text in enumerate(
            re.findall(rf"^```{language}\n(.*?)^```", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
        )
    ]


def is_declaration(sample: Any) -> bool:
    """Tell whether a sample declares something: those of the client are run against a database in tests/e2e."""
    return "rotating_rds_client" not in sample.values[0]


@pytest.mark.parametrize("text", [sample for sample in samples("python") if is_declaration(sample)])
def test_a_sample_of_constructs_synthesises(text: str) -> None:
    """With what the text around it says is there: a stack, a network, an endpoint, perhaps an instance."""
    declaration = new_declaration()
    group = ec2.SecurityGroup(declaration.stack, "Group", vpc=declaration.vpc)
    instance = rds.DatabaseInstance(
        declaration.stack,
        "Existing",
        engine=rds.DatabaseInstanceEngine.postgres(version=rds.PostgresEngineVersion.VER_17),
        vpc=declaration.vpc,
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
        credentials=rds.Credentials.from_generated_secret("dbadmin"),
        security_groups=[group],
    )
    scope = {
        **vars(rotating_rds),
        **{name: getattr(aws_cdk, name) for name in ("Duration", "aws_rds", "aws_iam")},
        "rds": rds,
        "self": declaration.stack,
        "vpc": declaration.vpc,
        "endpoint": declaration.endpoint,
        "instance": instance,
    }
    exec(compile(text, "sample", "exec"), scope)  # noqa: S102  # it is ours
    assert declaration.template().of_type("AWS::Lambda::Function")


@pytest.mark.parametrize("text", samples("toml"))
def test_a_sample_of_an_environment_synthesises(text: str, tmp_path: Path) -> None:
    """Whole, or with the two tables that every file has."""
    (tmp_path / "test.toml").write_text(text if "[aws]" in text else PLACE + text, encoding="utf-8")
    assert set(synthesise(read_settings("test", tmp_path))) >= {"network", "audit", "orders"}


def test_there_are_samples() -> None:
    """A pattern that finds none would prove nothing."""
    assert len(samples("python")) >= 3
    assert len(samples("toml")) >= 2

"""Synthesis by the real command line: offline, reproducible, refused for any finding."""

from __future__ import annotations

import json
import shutil
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.support.command_line import cdk, copy_of_checkout, report, synthesise
from tests.support.environments import NAMES
from tests.support.toolchain import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SEED = """\
import sys

import app
from aws_cdk import aws_s3 as s3

declare = app.declare


def declare_and_seed(root, settings):
    environment = declare(root, settings)
    s3.Bucket(environment.audit, "Seeded")
    return environment


app.declare = declare_and_seed
sys.exit(app.main())
"""
ROLE = "Database/RotationFunction/Role"
ZONES = "Zones are named in the environment's settings on purpose: a looked-up list may change, and move subnets."
PORT = "The default port stays: only named security groups reach it, and from those another number hides nothing."
ACCEPTED_EVERYWHERE = {
    ("AwsSolutions-RDS11", "Database/Resource"): PORT,
    ("AwsSolutions-IAM5[Resource::*]", ROLE): (
        "The network interfaces that Lambda makes for the function have no ARN in advance; the function's own code "
        "is denied everything about them."
    ),
    ("W3010", "Vpc"): ZONES,
}
ACCEPTED_WITHOUT_DATA = {
    ("AwsSolutions-RDS3", "Database/Resource"): (
        "This environment does without a standby to save its cost: it may be down for as long as a restore takes."
    ),
    ("AwsSolutions-RDS10", "Database/Resource"): (
        "This environment holds no data worth keeping and is destroyed together with its stacks."
    ),
}
ACCEPTED = {
    "local": ACCEPTED_EVERYWHERE | ACCEPTED_WITHOUT_DATA,
    "dev": ACCEPTED_EVERYWHERE | ACCEPTED_WITHOUT_DATA,
    "staging": ACCEPTED_EVERYWHERE,
    "prod": ACCEPTED_EVERYWHERE,
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home without credentials."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Callable[[str], Path]:
    """Return what synthesises an environment in this checkout, once."""
    outputs = tmp_path_factory.mktemp("here")
    return cache(lambda name: synthesise(name, outputs / name, home=home))


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of this checkout under another path."""
    return copy_of_checkout(tmp_path_factory.mktemp("elsewhere") / "a" / "longer" / "path")


@pytest.mark.parametrize("name", NAMES)
def test_synthesis_asks_nobody(name: str, assembly: Callable[[str], Path]) -> None:
    """Without network and credentials every environment synthesises, and nothing is left to look up."""
    manifest = json.loads((assembly(name) / "manifest.json").read_text(encoding="utf-8"))
    assert "missing" not in manifest
    assert not (ROOT / "cdk.context.json").exists()


@pytest.mark.parametrize("name", NAMES)
def test_synthesis_is_the_same_again_and_elsewhere(
    name: str, assembly: Callable[[str], Path], elsewhere: Path, home: Path, tmp_path: Path
) -> None:
    """Templates, manifests and assets of two runs under two paths are equal byte for byte."""
    again = synthesise(name, tmp_path / "out", checkout=elsewhere, home=home)
    assert contents(again) == contents(assembly(name))


@pytest.mark.parametrize("name", NAMES)
def test_no_finding_is_left_and_each_accepted_one_has_its_reason(name: str, assembly: Callable[[str], Path]) -> None:
    """The whole list of what is accepted, for an auditor to read."""
    reports = report(assembly(name))
    assert {plugin["pluginName"] for plugin in reports} >= {"AwsSolutions", "CloudFormation Validate"}
    assert [violation for plugin in reports for violation in plugin["violations"]] == []
    prefix = rf"rotating-rds-{name}-"
    accepted = {
        (finding["ruleName"], finding["acknowledgedAt"].removeprefix(prefix).split("/", 1)[1]): finding["reason"]
        for plugin in reports
        for finding in plugin["suppressedViolations"]
    }
    assert accepted == ACCEPTED[name]


def test_a_seeded_finding_fails_synthesis(tmp_path: Path, home: Path) -> None:
    """GIVEN a bucket without TLS and access logs, THEN AwsSolutions refuses it, and the command fails."""
    seed = tmp_path / "seeded.py"
    seed.write_text(SEED, encoding="utf-8")
    finished = cdk("synth", "-c", "env=local", "--app", f"python {seed}", "--output", str(tmp_path / "out"), home=home)
    assert finished.returncode != 0
    assert "AwsSolutions::AwsSolutions-S1'" in finished.stderr
    assert "AwsSolutions::AwsSolutions-S10'" in finished.stderr


def test_no_environment_is_one_sentence(tmp_path: Path, home: Path) -> None:
    """Who forgets `-c env=NAME` learns the names, without a traceback."""
    finished = cdk("synth", "--output", str(tmp_path), home=home)
    assert finished.returncode == 1
    assert finished.stderr.splitlines()[0] == (
        "No environment was named: give -c env=NAME, where NAME is one of dev, local, prod, staging."
    )
    assert "Traceback" not in finished.stderr


def test_a_declaration_that_cannot_work_is_one_sentence_with_its_file(
    elsewhere: Path, tmp_path: Path, home: Path
) -> None:
    """GIVEN a master user that RDS keeps for itself, THEN the file is named, without a traceback."""
    text = (elsewhere / "environments" / "dev.toml").read_text(encoding="utf-8")
    changed = text.replace('name = "orders"', 'name = "orders"\nmaster_username = "rdsadmin"')
    (elsewhere / "environments" / "broken.toml").write_text(changed, encoding="utf-8")
    finished = cdk("synth", "-c", "env=broken", "--output", str(tmp_path), checkout=elsewhere, home=home)
    assert finished.returncode == 1
    assert finished.stderr.splitlines()[0] == (
        "environments/broken.toml: master_username 'rdsadmin' is reserved on postgres: "
        "choose another, such as 'dbadmin'."
    )
    assert "Traceback" not in finished.stderr


def test_a_missing_bundle_is_one_sentence(tmp_path: Path, home: Path) -> None:
    """GIVEN a checkout that was not set up, THEN the remedy is named, without a traceback."""
    bare = copy_of_checkout(tmp_path / "bare")
    shutil.rmtree(bare / "constructs" / "rotating_rds" / "_bundle")
    finished = cdk("synth", "-c", "env=dev", "--output", str(tmp_path / "out"), checkout=bare, home=home)
    assert finished.returncode == 1
    assert finished.stderr.startswith(
        "The rotation function's bundle has no package 'rotating_rds_function': run `make"
    )
    assert "Traceback" not in finished.stderr


def contents(assembly: Path) -> dict[str, bytes]:
    """Return every file of an assembly."""
    return {str(path.relative_to(assembly)): path.read_bytes() for path in assembly.rglob("*") if path.is_file()}

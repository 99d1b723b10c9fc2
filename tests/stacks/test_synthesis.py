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

EVERYTHING = ROOT / "tests" / "stacks" / "everything.toml"
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
INTERFACES = (
    "The network interfaces that Lambda makes for the function have no ARN in advance, and the function's own code "
    "is denied everything about them; traces, where they are recorded, have none at all."
)
INLINE = (
    "The policy of each role names the resources of that one role: inline, it can be attached to no other "
    "principal, and it goes with its role."
)
NO_QUEUE = (
    "No event is left over for a queue: Secrets Manager repeats a rotation that failed, CloudFormation rolls a "
    "deployment back, and an examination that was lost is made up for by the next one, whose absence alarms."
)
# The backups of each environment reach back this many days.
BACKUPS = {"local": 1, "dev": 1, "staging": 7, "prod": 35}
ACCEPTED_EVERYWHERE = {
    ("AwsSolutions-RDS11", "Database/Resource"): (
        "The default port stays: only named security groups reach it, and from those another number hides nothing."
    ),
    ("AwsSolutions-IAM5[Resource::*]", "Database/RotationFunction/Role"): INTERFACES,
    ("AwsSolutions-IAM5[Resource::*]", "Database/ProvisionFunction/Role"): INTERFACES,
    ("AwsSolutions-IAM5[Resource::*]", "Database/ProbeFunction/Role"): INTERFACES,
    ("NIST.800.53.R5-IAMNoInlinePolicy", "FlowLogRole"): INLINE,
    ("NIST.800.53.R5-IAMNoInlinePolicy", "Trail/Role"): INLINE,
    ("NIST.800.53.R5-IAMNoInlinePolicy", "Database"): INLINE,
    ("NIST.800.53.R5-S3BucketReplicationEnabled", "Trail"): (
        "Objects are versioned, validated and kept for years; a copy in another region is made where the account's "
        "owner collects the trails of all accounts."
    ),
    ("NIST.800.53.R5-S3DefaultEncryptionKMS", "Trail/AccessLogs"): (
        "S3 delivers access logs to buckets that it encrypts with its own keys only, and this one holds nothing else."
    ),
    ("NIST.800.53.R5-LambdaDLQ", "Database"): NO_QUEUE,
    ("NIST.800.53.R5-LambdaInsideVPC", "Database/ProvisionFunction/Provider"): (
        "CloudFormation's response URL is not reachable from isolated subnets. The framework's own function, which "
        "sees no credential and may invoke one function only, therefore stays outside of the network."
    ),
    ("W3010", "Vpc"): (
        "Zones are named in the environment's settings on purpose: a looked-up list may change, and move subnets."
    ),
}
STANDBY = "This environment does without a standby to save its cost: it may be down for as long as a restore takes."
DESTROYED = "This environment holds no data worth keeping and is destroyed together with its stacks."
ACCEPTED_WITHOUT_DATA = {
    ("AwsSolutions-RDS3", "Database/Resource"): STANDBY,
    ("AwsSolutions-RDS10", "Database/Resource"): DESTROYED,
    ("NIST.800.53.R5-RDSMultiAZSupport", "Database/Resource"): STANDBY,
    ("NIST.800.53.R5-RDSInstanceDeletionProtectionEnabled", "Database/Resource"): DESTROYED,
    ("NIST.800.53.R5-RDSEnhancedMonitoringEnabled", "Database/Resource"): (
        "CloudWatch's metrics are enough for an environment whose load nobody has to explain by the second."
    ),
}
MONITORING_POLICY = "arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
ACCEPTED_WITH_DATA = {
    (f"AwsSolutions-IAM4[Policy::{MONITORING_POLICY}]", "Database/MonitoringRole"): (
        "RDS asks for this policy of AWS, which allows to write to log groups of RDS and nothing else; only RDS, "
        "for servers of this account, can assume the role."
    ),
}
ACCEPTED = {
    "local": ACCEPTED_EVERYWHERE
    | ACCEPTED_WITHOUT_DATA
    | {
        ("NIST.800.53.R5-VPCDefaultSecurityGroupClosed", "Vpc"): (
            "The settings leave the default security group as it is: nothing of this environment is in it, and "
            "databases admit named groups only."
        ),
    },
    "dev": ACCEPTED_EVERYWHERE | ACCEPTED_WITHOUT_DATA,
    "staging": ACCEPTED_EVERYWHERE | ACCEPTED_WITH_DATA,
    "prod": ACCEPTED_EVERYWHERE | ACCEPTED_WITH_DATA,
}
# Short enough to be read: an environment with one database has so many findings at most, each at one construct.
MOST_FINDINGS_IN_PROD = 15


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
    assert {plugin["pluginName"] for plugin in reports} == {"AwsSolutions", "NIST.800.53.R5", "CloudFormation Validate"}
    assert [violation for plugin in reports for violation in plugin["violations"]] == []
    prefix = rf"rotating-rds-{name}-"
    accepted = {
        (finding["ruleName"], finding["acknowledgedAt"].removeprefix(prefix).split("/", 1)[1]): finding["reason"]
        for plugin in reports
        for finding in plugin["suppressedViolations"]
    }
    backups = (
        f"Automated backups reach back {BACKUPS[name]} days, to any moment; vaults of AWS Backup are an organisation's "
        "choice, which selects the server by its tags."
    )
    assert accepted == ACCEPTED[name] | {("NIST.800.53.R5-RDSInBackupPlan", "Database/Resource"): backups}


def test_what_production_accepts_can_be_read() -> None:
    """A list that nobody reads protects nobody."""
    assert len(ACCEPTED["prod"]) + 1 < MOST_FINDINGS_IN_PROD


def test_an_environment_with_everything_has_no_finding_either(elsewhere: Path, tmp_path: Path, home: Path) -> None:
    """Every engine, clusters, NAT, shared functions, a boundary, foreign roles: nothing is left to acknowledge."""
    shutil.copy(EVERYTHING, elsewhere / "environments" / EVERYTHING.name)
    reports = report(synthesise("everything", tmp_path / "out", checkout=elsewhere, home=home))
    assert [violation for plugin in reports for violation in plugin["violations"]] == []


def test_a_seeded_finding_fails_synthesis(tmp_path: Path, home: Path) -> None:
    """GIVEN a bucket without TLS and access logs, THEN both packs refuse it, and the command fails."""
    seed = tmp_path / "seeded.py"
    seed.write_text(SEED, encoding="utf-8")
    finished = cdk("synth", "-c", "env=local", "--app", f"python {seed}", "--output", str(tmp_path / "out"), home=home)
    assert finished.returncode != 0
    assert "AwsSolutions::AwsSolutions-S1'" in finished.stderr
    assert "AwsSolutions::AwsSolutions-S10'" in finished.stderr
    assert "NIST.800.53.R5::NIST.800.53.R5-S3BucketVersioningEnabled'" in finished.stderr


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
    changed = text.replace('name = "orders"', 'name = "orders"\nmaster_username = "rdsadmin"', 1)
    (elsewhere / "environments" / "broken.toml").write_text(changed, encoding="utf-8")
    finished = cdk("synth", "-c", "env=broken", "--output", str(tmp_path), checkout=elsewhere, home=home)
    assert finished.returncode == 1
    assert finished.stderr.splitlines()[0] == (
        "environments/broken.toml: databases[0]: master_username 'rdsadmin' is reserved on postgres: "
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

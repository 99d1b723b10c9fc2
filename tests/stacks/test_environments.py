"""The environments of the repository: what each promises of its database."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App

from stacks.environment import declare
from stacks.settings_file import read_settings
from stacks.tables import ExistingNetwork
from tests.support.environments import CONTEXT, NAMES, PARTS, synthesise, template, templates
from tests.support.toolchain import ROOT

INSTANCE = "AWS::RDS::DBInstance"
ACCOUNTS = [name for name in NAMES if name != "local"]
FUNCTIONS = ("Database/RotationFunction", "Database/ProvisionFunction")
EXISTING = ExistingNetwork(
    vpc_id="vpc-0123456789abcdef0",
    availability_zones=("eu-west-1a", "eu-west-1b", "eu-west-1c"),
    subnet_ids=("subnet-0000000000000000a", "subnet-0000000000000000b", "subnet-0000000000000000c"),
    endpoint_security_group_id="sg-0123456789abcdef0",
)


@pytest.mark.parametrize("name", NAMES)
def test_an_environment_consists_of_three_stacks(name: str) -> None:
    """Network, audit and one for its database, each deployed on its own."""
    assert set(templates(name)) == set(PARTS)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("local", {"MultiAZ": False, "DeletionProtection": False, "BackupRetentionPeriod": 1}),
        ("dev", {"MultiAZ": False, "DeletionProtection": False, "BackupRetentionPeriod": 1}),
        ("staging", {"MultiAZ": True, "DeletionProtection": True, "BackupRetentionPeriod": 7}),
        ("prod", {"MultiAZ": True, "DeletionProtection": True, "BackupRetentionPeriod": 35}),
    ],
)
def test_instances_are_protected_as_their_environment_asks(name: str, expected: dict[str, Any]) -> None:
    """Cheap where data is worth little, protected where it is worth much."""
    instance = template(name, "orders").properties(INSTANCE)
    assert {key: instance[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("name", "policy"), [("local", "Delete"), ("dev", "Delete"), ("staging", "Snapshot"), ("prod", "Retain")]
)
def test_instances_are_removed_as_their_environment_asks(name: str, policy: str) -> None:
    """Only what holds no data worth keeping goes without a trace."""
    instance = template(name, "orders").resource(INSTANCE)
    assert (instance["DeletionPolicy"], instance["UpdateReplacePolicy"]) == (policy, policy)


@pytest.mark.parametrize("name", ["staging", "prod"])
@pytest.mark.parametrize("kind", ["AWS::SecretsManager::Secret", "AWS::KMS::Key"])
def test_credentials_and_keys_outlive_the_stack_where_data_does(name: str, kind: str) -> None:
    """A snapshot without its key is lost."""
    resources = template(name, "orders").of_type(kind).values()
    assert {resource["DeletionPolicy"] for resource in resources} == {"Retain"}


@pytest.mark.parametrize("part", PARTS)
def test_the_local_environment_leaves_nothing_behind(part: str) -> None:
    """A laptop is clean again after `cdk destroy`."""
    resources = template("local", part).body["Resources"].values()
    assert {resource.get("DeletionPolicy", "Delete") for resource in resources} == {"Delete"}


@pytest.mark.parametrize("name", ACCOUNTS)
def test_the_audit_trail_outlives_its_stack_in_every_account(name: str) -> None:
    """Who destroys an environment does not destroy the record of it."""
    audit = template(name, "audit")
    assert {bucket["DeletionPolicy"] for bucket in audit.of_type("AWS::S3::Bucket").values()} == {"Retain"}


@pytest.mark.parametrize("name", NAMES)
def test_every_role_of_ours_is_below_one_path(name: str) -> None:
    """Detection tells our roles from others by the path."""
    paths = {
        path: role["Properties"].get("Path")
        for part in PARTS
        for path, role in template(name, part).of_type("AWS::IAM::Role").items()
        if not path.startswith("Custom::")
    }
    assert len(paths) >= 6
    assert set(paths.values()) == {f"/rotating-rds/{name}/"}


@pytest.mark.parametrize("name", NAMES)
def test_every_secret_names_its_environment(name: str) -> None:
    """Costs and findings are told apart, and the endpoint's policy goes by it."""
    for secret in template(name, "orders").of_type("AWS::SecretsManager::Secret").values():
        tags = {tag["Key"]: tag["Value"] for tag in secret["Properties"]["Tags"]}
        assert (tags["application"], tags["environment"]) == ("rotating-rds", name)
        assert tags["rotating-rds:environment"] == name


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("part", PARTS)
def test_no_template_holds_a_path_of_this_machine(name: str, part: str) -> None:
    """Templates are the same wherever they are synthesised."""
    text = json.dumps(template(name, part).body)
    for machine in (str(ROOT), str(Path.home()), tempfile.gettempdir(), "site-packages"):
        assert machine not in text


def test_the_local_environment_needs_no_bootstrap_roles() -> None:
    """Whoever deploys it is the only principal there is."""
    assert "BootstrapVersion" not in template("local", "orders").body.get("Parameters", {})
    assert "BootstrapVersion" in template("prod", "orders").body["Parameters"]


@pytest.mark.parametrize("name", NAMES)
def test_the_database_stack_reports_what_operators_need(name: str) -> None:
    """Each output leads to something that exists."""
    database = template(name, "orders")
    outputs = {key: database.readable(output["Value"]) for key, output in database.body["Outputs"].items()}
    common = {
        "SecretArn": "${Database/Secret/Attachment}",
        "EndpointAddress": "${Database.Endpoint.Address}",
        "EndpointPort": "${Database.Endpoint.Port}",
        "RotationFunctionName": "${Database/RotationFunction}",
        "ProbeFunctionName": "${Database/ProbeFunction}",
        "ProvisionFunctionName": "${Database/ProvisionFunction}",
        "UserOrdersSecretArn": "${Database/Users/orders/Secret/Attachment}",
        "UserOrdersApiRoleArn": "${Database/Users/orders/Api.Arn}",
        "UserOrdersApiRoleName": "${Database/Users/orders/Api}",
    }
    local = {
        "ApplicationRoleArn": "${Database/Application.Arn}",
        "ApplicationRoleName": "${Database/Application}",
    }
    elsewhere = {
        "UserMigrationsSecretArn": "${Database/Users/migrations/Secret/Attachment}",
        "UserMigrationsMigrationsRoleArn": "${Database/Users/migrations/Migrations.Arn}",
        "UserMigrationsMigrationsRoleName": "${Database/Users/migrations/Migrations}",
    }
    assert outputs == common | (local if name == "local" else elsewhere)


def test_the_audit_stack_reports_the_trails_log_group() -> None:
    """Queries start there."""
    audit = template("prod", "audit")
    outputs = {key: audit.readable(output["Value"]) for key, output in audit.body["Outputs"].items()}
    assert outputs["TrailLogGroupName"] == "${Trail/LogGroup}"
    assert outputs["AlarmTopicArn"] == "${AlarmTopic}"


@pytest.mark.parametrize("with_endpoint", [True, False], ids=["endpoint", "nat"])
def test_an_existing_network_takes_no_stack_of_its_own(with_endpoint: bool) -> None:  # noqa: FBT001
    """GIVEN [existing_network], THEN nothing of it is made, and instance and functions are in its subnets."""
    network = EXISTING if with_endpoint else EXISTING.model_copy(update={"endpoint_security_group_id": None})
    parts = synthesise(read_settings("prod").model_copy(update={"network": None, "existing_network": network}))
    assert set(parts) == {"orders", "audit"}
    database = parts["orders"]
    subnets = list(EXISTING.subnet_ids)
    assert database.properties("AWS::RDS::DBSubnetGroup")["SubnetIds"] == subnets
    for function in FUNCTIONS:
        assert database.properties("AWS::Lambda::Function", function)["VpcConfig"]["SubnetIds"] == subnets
    ingress = "AWS::EC2::SecurityGroupIngress"
    groups = {database.properties(ingress, path)["GroupId"] for path in database.of_type(ingress)}
    assert (EXISTING.endpoint_security_group_id in groups) is with_endpoint


def test_subscribers_of_the_settings_hear_of_alarms() -> None:
    """GIVEN an address, THEN it is subscribed to the environment's topic, to which every alarm goes."""
    settings = read_settings("prod")
    alarms = settings.alarms.model_copy(update={"emails": ("oncall@example.com",)})
    parts = synthesise(settings.model_copy(update={"alarms": alarms}))
    subscription = parts["audit"].properties("AWS::SNS::Subscription")
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "oncall@example.com")
    assert subscription["TopicArn"] == "${AlarmTopic}"
    imported = f"${{{parts['audit'].logical_id('AWS::SNS::Topic')}}}"
    alarms_of = parts["orders"].of_type("AWS::CloudWatch::Alarm")
    assert alarms_of
    for path in alarms_of:
        assert parts["orders"].properties("AWS::CloudWatch::Alarm", path)["AlarmActions"] == [imported]


@pytest.mark.parametrize(("name", "protected"), [("local", False), ("dev", False), ("staging", True), ("prod", True)])
def test_the_database_stack_is_protected_where_its_instance_is(name: str, protected: bool) -> None:  # noqa: FBT001
    """CloudFormation refuses to delete it as a whole."""
    environment = declare(App(context=CONTEXT), read_settings(name))
    assert bool(environment.databases["orders"].termination_protection) is protected

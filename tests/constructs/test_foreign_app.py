"""The library in an app of somebody else: other feature flags, other stacks, other environments."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk import App, Environment, NestedStack, Stack, Stage
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_rds as rds

from rotating_rds import DeclarationError, Engine, RotatingDatabase
from tests.support.toolchain import ROOT

FLAGS: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
POSTGRES = Engine.postgres(rds.PostgresEngineVersion.VER_17)


def network(stack: Stack) -> dict[str, Any]:
    """Declare an isolated network; return what a database needs of it."""
    vpc = ec2.Vpc(
        stack,
        "Vpc",
        nat_gateways=0,
        subnet_configuration=[ec2.SubnetConfiguration(name="Data", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)],
        restrict_default_security_group=False,
    )
    endpoint = vpc.add_interface_endpoint("Secrets", service=ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER)
    return {"engine": POSTGRES, "vpc": vpc, "secrets_manager_endpoint": endpoint}


@pytest.mark.parametrize("flags", [{}, FLAGS], ids=["no feature flags", "all recommended ones"])
def test_any_set_of_feature_flags_will_do(flags: dict[str, Any]) -> None:
    """An old app keeps its flags when it adopts the library."""
    app = App(context={**flags, "aws:cdk:disable-asset-staging": True})
    stack = Stack(app, "Shop")
    RotatingDatabase(stack, "Orders", **network(stack)).add_alarms()
    assert app.synth().get_stack_by_name("Shop").template["Resources"]


def test_a_stage_of_a_pipeline_will_do() -> None:
    """A stack inside a stage synthesises like any other."""
    app = App(context={"aws:cdk:disable-asset-staging": True})
    stage = Stage(app, "Beta", env=Environment(account="111122223333", region="eu-central-1"))
    stack = Stack(stage, "Shop")
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-0123456789abcdef0",
        availability_zones=["eu-central-1a", "eu-central-1b"],
        private_subnet_ids=["subnet-0000000000000000a", "subnet-0000000000000000b"],
    )
    RotatingDatabase(stack, "Orders", engine=POSTGRES, vpc=vpc)
    assert app.synth().get_nested_assembly("assembly-Beta").get_stack_by_name("Beta-Shop").template["Resources"]


def test_a_nested_stack_will_do() -> None:
    """The network is the parent's, the database the child's."""
    app = App(context={"aws:cdk:disable-asset-staging": True})
    parent = Stack(app, "Shop")
    props = network(parent)
    RotatingDatabase(NestedStack(parent, "Data"), "Orders", **props).add_alarms()
    assert app.synth().get_stack_by_name("Shop").template["Resources"]


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1", "eusc-de-east-1", "il-central-1"])
def test_a_region_whose_authorities_are_missing_is_refused(region: str) -> None:
    """The function has no certificate authorities to verify a database there with."""
    stack = Stack(App(), "Shop", env=Environment(account="111122223333", region=region))
    with pytest.raises(DeclarationError, match=f"could not verify databases in '{region}', .*: choose one of"):
        RotatingDatabase(stack, "Orders", **network(stack))

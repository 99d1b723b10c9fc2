"""Network resources of templates: rules of security groups, addresses and NAT gateways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import emulated

if TYPE_CHECKING:
    from localcloud.cloud import LocalCloud

VPC = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.8.0.0/16"}}
SUBNET = {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.8.1.0/24"}}
ADDRESS = {"Type": "AWS::EC2::EIP", "Properties": {"Domain": "vpc", "Tags": [{"Key": "Name", "Value": "way out"}]}}
BASE = {"Vpc": VPC, "Subnet": SUBNET, "Address": ADDRESS}


def group(description: str) -> dict[str, Any]:
    """Return a security group of the stack's VPC."""
    properties = {"GroupDescription": description, "VpcId": {"Ref": "Vpc"}}
    return {"Type": "AWS::EC2::SecurityGroup", "Properties": properties}


@pytest.mark.parametrize(
    ("direction", "peer", "listed"),
    [
        ("Ingress", "SourceSecurityGroupId", "IpPermissions"),
        ("Egress", "DestinationSecurityGroupId", "IpPermissionsEgress"),
    ],
)
def test_a_rule_between_groups_is_changed_without_touching_the_others(
    cloud: LocalCloud, stack: str, direction: str, peer: str, listed: str
) -> None:
    """A new description keeps the rule's id, another peer replaces the rule; a rule beside it stays as it was."""
    groups = {"Vpc": VPC, "Database": group("database"), "Api": group("api"), "Worker": group("worker")}
    outputs = {name: {"Fn::GetAtt": [name, "GroupId"]} for name in ("Database", "Api", "Worker")} | {
        "Rule": {"Ref": "Rule"}
    }

    def rule(port: int, whom: str, description: str) -> dict[str, Any]:
        ids = {"GroupId": {"Fn::GetAtt": ["Database", "GroupId"]}, peer: {"Fn::GetAtt": [whom, "GroupId"]}}
        ports = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "Description": description}
        return {"Type": f"AWS::EC2::SecurityGroup{direction}", "Properties": {**ids, **ports}}

    def deployed(whom: str, description: str) -> tuple[str, set[tuple[int, str, str]]]:
        rules = {"Rule": rule(5432, whom, description), "Beside": rule(3306, "Api", "beside")}
        assert emulated.deploy(cloud, stack, groups | rules, outputs).endswith("E_COMPLETE")
        found = emulated.outputs(cloud, stack)
        names = {found[name]: name for name in ("Database", "Api", "Worker")}
        described = cloud.client("ec2").describe_security_groups(GroupIds=[found["Database"]])["SecurityGroups"][0]
        pairs = ((rule["FromPort"], pair) for rule in described[listed] for pair in rule["UserIdGroupPairs"])
        return found["Rule"], {(port, names[pair["GroupId"]], pair.get("Description", "")) for port, pair in pairs}

    first, rules = deployed("Api", "from the API")
    assert rules == {(5432, "Api", "from the API"), (3306, "Api", "beside")}
    second, rules = deployed("Api", "from it")
    assert (second, rules) == (first, {(5432, "Api", "from it"), (3306, "Api", "beside")})
    third, rules = deployed("Worker", "from it")
    assert third != first
    assert rules == {(5432, "Worker", "from it"), (3306, "Api", "beside")}


def test_a_nat_gateway_holds_its_address(cloud: LocalCloud, stack: str) -> None:
    """Ref of an address is the address, of a gateway its id; a route leads there, and deleting frees the address."""
    api = cloud.client("ec2")
    gateway = {"SubnetId": {"Ref": "Subnet"}, "AllocationId": {"Fn::GetAtt": ["Address", "AllocationId"]}}
    route = {"RouteTableId": {"Ref": "Table"}, "DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": {"Ref": "Gateway"}}
    way = {
        "Gateway": {"Type": "AWS::EC2::NatGateway", "Properties": gateway},
        "Table": {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": {"Ref": "Vpc"}}},
        "Route": {"Type": "AWS::EC2::Route", "Properties": route},
    }
    outputs = {"Address": {"Ref": "Address"}, "Allocation": {"Fn::GetAtt": ["Address", "AllocationId"]}}
    assert emulated.deploy(cloud, stack, BASE | way, outputs | {"Gateway": {"Ref": "Gateway"}}) == "CREATE_COMPLETE"
    found = emulated.outputs(cloud, stack)
    (address,) = api.describe_addresses(AllocationIds=[found["Allocation"]])["Addresses"]
    assert (address["PublicIp"], "AssociationId" in address) == (found["Address"], True)
    (described,) = api.describe_nat_gateways(NatGatewayIds=[found["Gateway"]])["NatGateways"]
    assert described["State"] == "available"
    emulated.deploy(cloud, stack, BASE, outputs)
    (address,) = api.describe_addresses(AllocationIds=[found["Allocation"]])["Addresses"]
    assert "AssociationId" not in address
    assert api.describe_nat_gateways(NatGatewayIds=[found["Gateway"]])["NatGateways"] == []


def test_an_address_serves_one_gateway(cloud: LocalCloud, stack: str) -> None:
    """A second gateway with the same allocation fails the stack."""
    gateway = {"SubnetId": {"Ref": "Subnet"}, "AllocationId": {"Fn::GetAtt": ["Address", "AllocationId"]}}
    resource = {"Type": "AWS::EC2::NatGateway", "Properties": gateway}
    assert emulated.deploy(cloud, stack, BASE | {"One": resource, "Two": resource}) == "ROLLBACK_COMPLETE"
    assert "is in use already" in emulated.failure_reasons(cloud, stack)

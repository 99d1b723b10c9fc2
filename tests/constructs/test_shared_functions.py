from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import aws_ec2 as ec2

from rotating_rds import DatabaseEndpoint, DeclarationError, ProvisionFunction, RotationFunction
from tests.support.declarations import Declaration, new_declaration

if TYPE_CHECKING:
    from rotating_rds.database_function import DatabaseFunction

FUNCTION = "AWS::Lambda::Function"


def shared(declaration: Declaration, kind: type[DatabaseFunction], **props: Any) -> Any:
    """Declare a function that several databases may share."""
    subnets = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
    network = {"vpc": declaration.vpc, "vpc_subnets": subnets, "secrets_manager_endpoint": declaration.endpoint}
    return kind(declaration.stack, kind.__name__, **{**network, **props})


def test_databases_share_functions() -> None:
    """GIVEN two databases and one function for each purpose, THEN both are served by these and no other is made."""
    declaration = new_declaration()
    functions = {
        "rotation_function": shared(declaration, RotationFunction),
        "provision_function": shared(declaration, ProvisionFunction),
    }
    databases = [declaration.database(name, **functions) for name in ("Orders", "Invoices")]
    for database in databases:
        database.add_user("web")
    template = declaration.template()
    ours = {path for path in template.of_type(FUNCTION) if "framework" not in path}
    assert ours == {"RotationFunction", "ProvisionFunction"}
    for path in ours:
        variables = template.properties(FUNCTION, path)["Environment"]["Variables"]
        assert set(json.loads(variables["ROTATING_RDS_DATABASES"])) == {database.database_id for database in databases}


def test_a_shared_function_reaches_each_of_its_databases() -> None:
    """Each database's group lets it in on the database's port."""
    declaration = new_declaration()
    function = shared(declaration, RotationFunction)
    for name in ("Orders", "Invoices"):
        declaration.database(name, rotation_function=function)
    template = declaration.template()
    kind = "AWS::EC2::SecurityGroupIngress"
    reached = {
        template.properties(kind, path)["GroupId"]
        for path in template.of_type(kind)
        if template.properties(kind, path)["SourceSecurityGroupId"] == "${RotationFunction/SecurityGroup.GroupId}"
    }
    assert reached >= {"${Orders/SecurityGroup.GroupId}", "${Invoices/SecurityGroup.GroupId}"}


def test_a_function_takes_as_many_databases_as_its_environment_holds() -> None:
    """Lambda gives 4 KB, and the endpoints are taken for their longest: better here than in a deployment."""
    declaration = new_declaration()
    function = shared(declaration, RotationFunction)
    connections = ec2.Connections(default_port=ec2.Port.tcp(5432))
    endpoint = DatabaseEndpoint(host="x" * 100, port="5432", database="orders")
    for number in range(20):
        function.add_database(f"database-{number}", endpoint, connections)
    message = r"serves 21 databases .* \d+ of the 4096 bytes .* make another function"
    big = DatabaseEndpoint(host="x" * 1500, port="5432")
    with pytest.raises(DeclarationError, match=message):
        function.add_database("one-too-many", big, connections)


def test_a_function_rotates_as_many_secrets_as_its_policy_names() -> None:
    """Each takes a permission of its own, with source account and source ARN."""
    declaration = new_declaration()
    database = declaration.database(rotation_function=shared(declaration, RotationFunction))
    for number in range(39):
        database.add_user(f"user{number}")
    with pytest.raises(DeclarationError, match=r"would rotate 41 secrets, .* name 40: make another RotationFunction"):
        database.add_user("one_too_many")

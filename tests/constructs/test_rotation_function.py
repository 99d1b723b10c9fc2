from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_lambda as lambda_

from rotating_rds import DeclarationError
from tests.support.declarations import new_declaration

if TYPE_CHECKING:
    from tests.support.templates import Template

FUNCTION = "AWS::Lambda::Function"
GROUP = "Orders/RotationFunction/SecurityGroup"
INTERFACE_ACTIONS = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
]


def rules(template: Template, direction: str) -> list[dict[str, Any]]:
    """Return the rules of a direction that are resources of their own, with references as text."""
    found = template.of_type(f"AWS::EC2::SecurityGroup{direction}").values()
    return [template.readable(rule["Properties"]) for rule in found]


def test_the_role_may_do_exactly_what_a_rotation_takes(defaults: Template) -> None:
    """Each statement is listed: a further one, or a wider resource, fails here."""
    secret, key = "${Orders/Secret/Attachment}", "${Orders/Key.Arn}"
    assert defaults.statements("Orders/RotationFunction/Role") == [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": "${Orders/RotationFunction/LogGroup.Arn}",
        },
        {"Sid": "NetworkInterfaces", "Effect": "Allow", "Action": INTERFACE_ACTIONS, "Resource": "*"},
        {
            "Sid": "NetworkInterfacesAreNotForCode",
            "Effect": "Deny",
            "Action": INTERFACE_ACTIONS,
            "Resource": "*",
            "Condition": {
                "ArnLike": {
                    "lambda:SourceFunctionArn": (
                        "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:*"
                    )
                }
            },
        },
        {
            "Effect": "Allow",
            "Action": [
                "secretsmanager:DescribeSecret",
                "secretsmanager:GetSecretValue",
                "secretsmanager:PutSecretValue",
                "secretsmanager:UpdateSecretVersionStage",
            ],
            "Resource": secret,
        },
        {
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": key,
            "Condition": {
                "StringEquals": {
                    "kms:ViaService": "secretsmanager.${AWS::Region}.amazonaws.com",
                    "kms:EncryptionContext:SecretARN": secret,
                }
            },
        },
    ]


def test_no_managed_policy_widens_the_role(defaults: Template) -> None:
    """AWSLambdaBasicExecutionRole and its like would let the function write to every log group."""
    role = defaults.properties("AWS::IAM::Role", "Orders/RotationFunction/Role")
    assert "ManagedPolicyArns" not in role
    assert role["Path"] == "/rotating-rds/"


def test_only_secrets_manager_invokes_it_and_only_for_this_secret(defaults: Template) -> None:
    """Without source account and ARN, a secret of another account could have the function invoked."""
    assert defaults.properties("AWS::Lambda::Permission", "Orders/InvokePermission") == {
        "Action": "lambda:InvokeFunction",
        "FunctionName": "${Orders/RotationFunction.Arn}",
        "Principal": "secretsmanager.amazonaws.com",
        "SourceAccount": "${AWS::AccountId}",
        "SourceArn": "${Orders/Secret/Attachment}",
    }


def test_it_logs_json_to_a_group_of_its_own(defaults: Template) -> None:
    """The group has a retention and the database's key."""
    assert defaults.properties(FUNCTION, "Orders/RotationFunction")["LoggingConfig"] == {
        "LogFormat": "JSON",
        "LogGroup": "${Orders/RotationFunction/LogGroup}",
        "ApplicationLogLevel": "INFO",
        "SystemLogLevel": "INFO",
    }
    group = defaults.properties("AWS::Logs::LogGroup", "Orders/RotationFunction/LogGroup")
    identifier = defaults.properties("AWS::RDS::DBInstance")["DBInstanceIdentifier"]
    name = f"/rotating-rds/{identifier}/rotation"
    assert group == {"LogGroupName": name, "KmsKeyId": "${Orders/Key.Arn}", "RetentionInDays": 365}


def test_it_runs_beside_the_database(defaults: Template) -> None:
    """In the isolated subnets, with a group of its own."""
    assert defaults.properties(FUNCTION, "Orders/RotationFunction")["VpcConfig"] == {
        "SecurityGroupIds": [f"${{{GROUP}.GroupId}}"],
        "SubnetIds": ["${Vpc/DataSubnet1/Subnet}", "${Vpc/DataSubnet2/Subnet}"],
    }


def test_it_reaches_the_database_and_secrets_manager_and_nothing_else(defaults: Template) -> None:
    """Two rules lead out, each to a named group on one port."""
    out = [
        (rule["DestinationSecurityGroupId"], rule["FromPort"], rule["ToPort"])
        for rule in rules(defaults, "Egress")
        if rule["GroupId"] == f"${{{GROUP}.GroupId}}"
    ]
    assert sorted(out) == [
        ("${Orders/SecurityGroup.GroupId}", 5432, 5432),
        ("${Vpc/SecretsManager/SecurityGroup.GroupId}", 443, 443),
    ]


def test_its_group_has_a_rule_of_its_own_that_leads_nowhere(defaults: Template) -> None:
    """EC2 gives a group without any rule in its own entry one that allows everything."""
    (rule,) = defaults.properties("AWS::EC2::SecurityGroup", GROUP)["SecurityGroupEgress"]
    assert rule["CidrIp"] == "127.0.0.1/32"


def test_the_endpoint_lets_it_in(defaults: Template) -> None:
    """The endpoint is open to named groups only, so those of the functions are named."""
    into_endpoint = [
        (rule["SourceSecurityGroupId"], rule["FromPort"])
        for rule in rules(defaults, "Ingress")
        if rule["GroupId"] == "${Vpc/SecretsManager/SecurityGroup.GroupId}"
    ]
    assert into_endpoint == [
        (f"${{{GROUP}.GroupId}}", 443),
        ("${Orders/ProbeFunction/SecurityGroup.GroupId}", 443),
    ]


def test_subnets_with_a_way_out_need_no_endpoint() -> None:
    """GIVEN NAT and no endpoint, THEN the function may use port 443 outwards, and that port only."""
    declaration = new_declaration()
    vpc = ec2.Vpc(declaration.stack, "Nat", nat_gateways=1)
    declaration.database(vpc=vpc, secrets_manager_endpoint=None)
    (rule,) = declaration.template().properties("AWS::EC2::SecurityGroup", GROUP)["SecurityGroupEgress"]
    assert (rule["CidrIp"], rule["FromPort"], rule["ToPort"]) == ("0.0.0.0/0", 443, 443)


def test_functions_may_be_in_subnets_of_their_own() -> None:
    """GIVEN subnets with NAT beside the isolated ones, THEN functions leave by them and servers stay inside."""
    declaration = new_declaration()
    isolated, with_egress = ec2.SubnetType.PRIVATE_ISOLATED, ec2.SubnetType.PRIVATE_WITH_EGRESS
    kinds = {"Out": ec2.SubnetType.PUBLIC, "Function": with_egress, "Data": isolated}
    vpc = ec2.Vpc(
        declaration.stack,
        "Nat",
        nat_gateways=1,
        subnet_configuration=[ec2.SubnetConfiguration(name=name, subnet_type=kind) for name, kind in kinds.items()],
    )
    declaration.database(
        vpc=vpc, secrets_manager_endpoint=None, function_subnets=ec2.SubnetSelection(subnet_type=with_egress)
    )
    template = declaration.template()
    assert template.properties(FUNCTION)["VpcConfig"]["SubnetIds"] == [
        "${Nat/FunctionSubnet1/Subnet}",
        "${Nat/FunctionSubnet2/Subnet}",
    ]
    assert template.properties("AWS::RDS::DBSubnetGroup")["SubnetIds"] == [
        "${Nat/DataSubnet1/Subnet}",
        "${Nat/DataSubnet2/Subnet}",
    ]


def test_public_subnets_are_refused_for_functions_by_their_prop() -> None:
    """A function in a public subnet has no way out at all."""
    declaration = new_declaration()
    vpc = ec2.Vpc(declaration.stack, "Open", nat_gateways=1)
    public = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC)
    with pytest.raises(DeclarationError, match=r"^function_subnets holds the public subnet"):
        declaration.database(vpc=vpc, function_subnets=public)


def test_an_endpoint_may_be_given_by_its_group() -> None:
    """GIVEN an endpoint that somebody else runs, THEN its group lets the function in."""
    declaration = new_declaration()
    group = ec2.SecurityGroup.from_security_group_id(declaration.stack, "Shared", "sg-0123456789abcdef0")
    declaration.database(secrets_manager_endpoint=group)
    template = declaration.template()
    assert "sg-0123456789abcdef0" in {rule["DestinationSecurityGroupId"] for rule in rules(template, "Egress")}
    assert "sg-0123456789abcdef0" in {rule["GroupId"] for rule in rules(template, "Ingress")}


@pytest.mark.parametrize(("given", "rendered"), [(2, 2), (10, 10), (None, None)])
def test_its_concurrency_is_reserved_on_request(given: int | None, rendered: int | None) -> None:
    """A small account has none to spare: None takes it from the common pool."""
    declaration = new_declaration()
    declaration.database(function_concurrency=given)
    assert declaration.template().properties(FUNCTION).get("ReservedConcurrentExecutions") == rendered


def test_invocations_are_traced_on_request() -> None:
    """GIVEN function_tracing, THEN X-Ray records them, and the role may send it what it recorded; not otherwise."""
    declaration = new_declaration()
    declaration.database("Traced", function_tracing=True)
    declaration.database("Untraced")
    template = declaration.template()
    assert template.properties(FUNCTION, "Traced/RotationFunction")["TracingConfig"] == {"Mode": "Active"}
    assert "TracingConfig" not in template.properties(FUNCTION, "Untraced/RotationFunction")
    tracing = {
        name: [s for s in template.statements(f"{name}/RotationFunction/Role") if "xray" in str(s["Action"])]
        for name in ("Traced", "Untraced")
    }
    assert tracing == {
        "Traced": [
            {"Effect": "Allow", "Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "Resource": "*"}
        ],
        "Untraced": [],
    }


def test_its_environment_is_under_the_databases_key(defaults: Template) -> None:
    """Who may not use the key does not see where the database is."""
    assert defaults.properties(FUNCTION, "Orders/RotationFunction")["KmsKeyArn"] == "${Orders/Key.Arn}"


def test_its_runtime_is_the_adopters_choice() -> None:
    """A runtime that ages is changed by a prop, not by waiting for a release."""
    declaration = new_declaration()
    declaration.database(function_runtime=lambda_.Runtime.PYTHON_3_12)
    assert declaration.template().properties(FUNCTION)["Runtime"] == "python3.12"


def test_its_environment_holds_no_secret(defaults: Template) -> None:
    """One variable, with endpoints in it."""
    assert set(defaults.properties(FUNCTION, "Orders/RotationFunction")["Environment"]["Variables"]) == {
        "ROTATING_RDS_DATABASES"
    }

"""Functions that CloudFormation makes: their properties, and what their role has to allow."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import emulated
from tests.support.emulated import statement
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from localcloud.cloud import LocalCloud

LAMBDA = {"Service": "lambda.amazonaws.com"}
INTERFACES = ("ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface")
DESCRIBE = """
import boto3
from botocore.exceptions import ClientError

def handler(event, context):
    try:
        return boto3.client("ec2").describe_network_interfaces()["NetworkInterfaces"] == []
    except ClientError as error:
        return error.response["Error"]["Code"]
"""


def role(trust: dict[str, Any] | None = None, *statements: dict[str, Any]) -> dict[str, Any]:
    """Return a role that Lambda may assume, on the given conditions."""
    admit = {"Effect": "Allow", "Principal": LAMBDA, "Action": "sts:AssumeRole", **(trust or {})}
    properties: dict[str, Any] = {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [admit]}}
    if statements:
        document = json.loads(emulated.policy(*statements))
        properties["Policies"] = [{"PolicyName": "p", "PolicyDocument": document}]
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def function(source: str = "def handler(event, context): return None", /, **properties: Any) -> dict[str, Any]:
    """Return a function with the stack's role."""
    code = {"Code": {"ZipFile": source}, "Handler": "index.handler", "Runtime": "python3.13"}
    given = {**code, "Role": {"Fn::GetAtt": ["Role", "Arn"]}, **properties}
    return {"Type": "AWS::Lambda::Function", "Properties": given}


def deployed(cloud: LocalCloud, stack: str, resources: dict[str, Any]) -> str:
    """Deploy and return the function's name."""
    outcome = emulated.deploy(cloud, stack, resources, {"Name": {"Ref": "Function"}})
    assert outcome in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, emulated.failure_reasons(cloud, stack)
    return emulated.outputs(cloud, stack)["Name"]


def test_a_functions_reserved_concurrency_is_the_templates(cloud: LocalCloud, stack: str) -> None:
    """Created, changed and taken away with the template."""

    def reserved(**properties: int) -> int | None:
        name = deployed(cloud, stack, {"Role": role(), "Function": function(**properties)})
        answer = cloud.client("lambda").get_function_concurrency(FunctionName=name)
        found: int | None = answer.get("ReservedConcurrentExecutions")
        return found

    found = [reserved(ReservedConcurrentExecutions=2), reserved(ReservedConcurrentExecutions=0), reserved()]
    assert found == [2, 0, None]


def test_key_tracing_and_network_are_recorded(cloud: LocalCloud, stack: str) -> None:
    """GetFunctionConfiguration tells what the template says, and no more once it does not."""
    network = {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.9.0.0/16"}},
        "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.9.1.0/24"}},
    }
    key = emulated.create_key(cloud)
    inside = {"VpcConfig": {"SubnetIds": [{"Ref": "Subnet"}], "SecurityGroupIds": []}}
    settings = {"KmsKeyArn": key, "TracingConfig": {"Mode": "Active"}, **inside}
    base = {**network, "Role": role(None, statement("Allow", [*INTERFACES], "*"))}
    api = cloud.client("lambda")
    found = api.get_function_configuration(
        FunctionName=deployed(cloud, stack, {**base, "Function": function(**settings)})
    )
    assert (found["KMSKeyArn"], found["TracingConfig"]["Mode"], len(found["VpcConfig"]["SubnetIds"])) == (
        key,
        "Active",
        1,
    )
    found = api.get_function_configuration(FunctionName=deployed(cloud, stack, {**base, "Function": function()}))
    assert (found.get("KMSKeyArn", ""), found["TracingConfig"]["Mode"]) == ("", "PassThrough")
    assert found["VpcConfig"]["SubnetIds"] == []


def test_a_failed_event_reaches_the_dead_letter_queue(cloud: LocalCloud, stack: str) -> None:
    """An asynchronous invocation that fails for good leaves its event in the queue."""
    failing = function(
        "def handler(event, context): raise RuntimeError",
        DeadLetterConfig={"TargetArn": {"Fn::GetAtt": ["Queue", "Arn"]}},
    )
    once = {"FunctionName": {"Ref": "Function"}, "Qualifier": "$LATEST", "MaximumRetryAttempts": 0}
    resources = {
        "Role": role(None, statement("Allow", "sqs:SendMessage", "*")),
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Function": failing,
        "Once": {"Type": "AWS::Lambda::EventInvokeConfig", "Properties": once},
    }
    outputs = {"Name": {"Ref": "Function"}, "Queue": {"Ref": "Queue"}}
    assert emulated.deploy(cloud, stack, resources, outputs) == "CREATE_COMPLETE"
    found = emulated.outputs(cloud, stack)
    cloud.client("lambda").invoke(FunctionName=found["Name"], InvocationType="Event", Payload=b'{"lost": true}')
    bodies: list[str] = []

    def arrived() -> bool:
        bodies.extend(
            m["Body"] for m in cloud.client("sqs").receive_message(QueueUrl=found["Queue"]).get("Messages", [])
        )
        return bool(bodies)

    assert eventually(arrived)
    assert '"lost": true' in bodies[0]


HERE = {"aws:SourceAccount": "000000000000"}
THERE = {"aws:SourceAccount": "111122223333"}
OURS = {"aws:SourceArn": "arn:aws:lambda:us-east-1:000000000000:function:*"}
THEIRS = {"aws:SourceArn": "arn:aws:lambda:us-east-1:111122223333:function:*"}


@pytest.mark.parametrize(
    ("trust", "admitted"),
    [
        ({}, True),
        ({"Condition": {"StringEquals": HERE, "ArnLike": OURS}}, True),
        ({"Condition": {"StringEquals": THERE}}, False),
        ({"Condition": {"ArnLike": THEIRS}}, False),
        ({"Principal": {"Service": "ecs-tasks.amazonaws.com"}}, False),
        ({"Principal": {"AWS": "arn:aws:iam::000000000000:root"}}, False),
        ({"Action": "sts:TagSession"}, False),
    ],
    ids=[
        "plain",
        "our account",
        "another account",
        "another function",
        "another service",
        "the account",
        "another action",
    ],
)
def test_lambda_has_to_be_admitted_by_the_role(cloud: LocalCloud, trust: dict[str, Any], *, admitted: bool) -> None:
    """A trust policy that does not admit Lambda for this function fails the stack with Lambda's reason."""
    name = emulated.unique("stack")
    outcome = emulated.deploy(cloud, name, {"Role": role(trust), "Function": function()})
    assert outcome == ("CREATE_COMPLETE" if admitted else "ROLLBACK_COMPLETE")
    assert ("cannot be assumed by Lambda" in emulated.failure_reasons(cloud, name)) is not admitted
    emulated.destroy(cloud, name)


def test_a_role_that_closes_later_stops_new_starts(cloud: LocalCloud, stack: str) -> None:
    """An execution environment lives on; the next one is not started."""
    name = deployed(cloud, stack, {"Role": role(), "Function": function("def handler(event, context): return 1")})
    api, iam = cloud.client("lambda"), cloud.client("iam")
    assert emulated.invoke(cloud, name) == 1
    role_name = api.get_function_configuration(FunctionName=name)["Role"].rpartition("/")[2]
    closed = json.dumps({"Version": "2012-10-17", "Statement": []})
    iam.update_assume_role_policy(RoleName=role_name, PolicyDocument=closed)
    assert emulated.invoke(cloud, name) == 1
    api.update_function_configuration(FunctionName=name, Environment={"Variables": {"NEW": "1"}})
    assert emulated.invoke(cloud, name)["errorType"] == "AccessDeniedException"


@pytest.mark.parametrize("missing", [*INTERFACES, ""])
def test_a_function_in_a_network_needs_its_interfaces(cloud: LocalCloud, missing: str) -> None:
    """Without one of the permissions the stack fails, and the reason names it."""
    name, allowed = emulated.unique("stack"), [action for action in INTERFACES if action != missing]
    resources = {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.9.0.0/16"}},
        "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.9.1.0/24"}},
        "Role": role(None, statement("Allow", allowed, "*")),
        "Function": function(VpcConfig={"SubnetIds": [{"Ref": "Subnet"}], "SecurityGroupIds": []}),
    }
    assert emulated.deploy(cloud, name, resources) == ("ROLLBACK_COMPLETE" if missing else "CREATE_COMPLETE")
    if missing:
        assert f"to call {missing.removeprefix('ec2:')} on EC2" in emulated.failure_reasons(cloud, name)
    emulated.destroy(cloud, name)


def test_what_the_service_may_can_be_denied_to_the_code(cloud: LocalCloud, stack: str) -> None:
    """Calls with a function's credentials carry lambda:SourceFunctionArn, those which Lambda makes for it do not."""
    own = {"lambda:SourceFunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:*"}
    allow = statement("Allow", [*INTERFACES], "*")
    deny = statement("Deny", [*INTERFACES], "*", ArnLike=own)
    resources = {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.9.0.0/16"}},
        "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.9.1.0/24"}},
        "Role": role(None, allow, deny),
        "Function": function(
            DESCRIBE, Timeout=20, VpcConfig={"SubnetIds": [{"Ref": "Subnet"}], "SecurityGroupIds": []}
        ),
    }
    assert emulated.invoke(cloud, deployed(cloud, stack, resources)) == "UnauthorizedOperation"
    resources["Role"] = role(None, allow)
    assert emulated.invoke(cloud, deployed(cloud, stack, resources)) is True

"""Resource types that were added to the emulator's CloudFormation, through create, update and delete."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import emulated
from tests.support.environments import templates
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from localcloud.cloud import LocalCloud

ENVIRONMENTS = sorted(path.stem for path in Path(__file__).parents[3].glob("environments/*.toml"))
VPC = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.7.0.0/16"}}
SECRET = {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": "first value"}}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_type_of_our_templates_is_known(cloud: LocalCloud, environment: str) -> None:
    """The list of types comes from the synthesised templates, so that a new one turns this red before a deployment."""
    bodies = [template.body for template in templates(environment).values()]
    types = {resource["Type"] for body in bodies for resource in body["Resources"].values()}
    assert {"AWS::RDS::DBInstance", "AWS::CloudTrail::Trail", "AWS::EC2::VPCEndpoint"} < types
    body = json.dumps({"Resources": {f"R{number}": {"Type": name} for number, name in enumerate(sorted(types))}})
    cloud.client("cloudformation").validate_template(TemplateBody=body)


def test_an_unknown_type_is_an_error_that_names_it(cloud: LocalCloud) -> None:
    """A template with a type that nobody plays is refused before anything is created."""
    body = json.dumps({"Resources": {"Proxy": {"Type": "AWS::RDS::DBProxy"}}})
    formation = cloud.client("cloudformation")
    with pytest.raises(formation.exceptions.ClientError, match=r"Unrecognized resource types: \[AWS::RDS::DBProxy\]"):
        formation.create_stack(StackName=emulated.unique("unknown"), TemplateBody=body)


def test_a_secrets_reference_is_its_arn(cloud: LocalCloud, stack: str) -> None:
    """Ref of a secret is its ARN, before and after an update, which keeps the secret."""
    emulated.deploy(cloud, stack, {"Secret": SECRET}, {"Secret": {"Ref": "Secret"}})
    arn = emulated.outputs(cloud, stack)["Secret"]
    assert cloud.client("secretsmanager").get_secret_value(SecretId=arn)["ARN"] == arn
    assert re.fullmatch(r"Secret-\w{12}-\w{6}", arn.rpartition(":")[2])  # as CloudFormation names it
    changed = {**SECRET, "Properties": {**SECRET["Properties"], "Description": "changed"}}  # type: ignore[dict-item]
    assert emulated.deploy(cloud, stack, {"Secret": changed}, {"Secret": {"Ref": "Secret"}}) == "UPDATE_COMPLETE"
    assert emulated.outputs(cloud, stack)["Secret"] == arn
    assert cloud.client("secretsmanager").describe_secret(SecretId=arn)["Description"] == "changed"


def test_a_resource_leads_to_its_stack(cloud: LocalCloud, stack: str) -> None:
    """By its physical id; what no stack made is refused."""
    emulated.deploy(cloud, stack, {"Secret": SECRET}, {"Secret": {"Ref": "Secret"}})
    client, arn = cloud.client("cloudformation"), emulated.outputs(cloud, stack)["Secret"]
    (found,) = client.describe_stack_resources(PhysicalResourceId=arn)["StackResources"]
    assert (found["StackName"], found["PhysicalResourceId"]) == (stack, arn)
    with pytest.raises(client.exceptions.ClientError, match="does not exist"):
        client.describe_stack_resources(PhysicalResourceId="arn:of:nothing")


def test_a_deleted_secret_is_gone(cloud: LocalCloud, stack: str) -> None:
    """Deleting the stack deletes the secret under its ARN."""
    emulated.deploy(cloud, stack, {"Secret": SECRET}, {"Secret": {"Ref": "Secret"}})
    arn = emulated.outputs(cloud, stack)["Secret"]
    emulated.destroy(cloud, stack)
    api = cloud.client("secretsmanager")
    assert emulated.error_of(api.describe_secret, SecretId=arn) == "ResourceNotFoundException"


def test_a_generated_value_honours_its_flags_and_is_captured(cloud: LocalCloud, stack: str) -> None:
    """ExcludePunctuation and a length given as text hold, and the value is among the captured ones."""
    generate = {"PasswordLength": "64", "ExcludePunctuation": "true", "ExcludeLowercase": True}
    secret = {"Type": "AWS::SecretsManager::Secret", "Properties": {"GenerateSecretString": generate}}
    emulated.deploy(cloud, stack, {"Secret": secret}, {"Secret": {"Ref": "Secret"}})
    arn = emulated.outputs(cloud, stack)["Secret"]
    value = cloud.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    assert (len(value), value.isalnum(), value.upper()) == (64, True, value)
    assert value in cloud.captured_secret_values()


def schedule(function_arn: str, secret_arn: str, expression: str) -> dict[str, Any]:
    """Return a rotation schedule that does not rotate at once."""
    properties = {
        "SecretId": secret_arn,
        "RotationLambdaARN": function_arn,
        "RotationRules": {"ScheduleExpression": expression},
        "RotateImmediatelyOnUpdate": False,
    }
    return {"Schedule": {"Type": "AWS::SecretsManager::RotationSchedule", "Properties": properties}}


def test_a_rotation_schedule_is_set_changed_and_removed(cloud: LocalCloud, stack: str) -> None:
    """The schedule is the secret's while the resource exists, without a rotation; removing it switches rotation off."""
    secret = emulated.create_secret(cloud)
    function = emulated.rotation_function(cloud, secret, "def handler(event, context): pass")
    api, rest = cloud.client("secretsmanager"), {"Vpc": VPC}

    def tested() -> bool:
        return len(api.describe_secret(SecretId=secret)["VersionIdsToStages"]) == 1

    def described() -> tuple[bool, str]:
        assert eventually(tested)  # while the configuration is tested, it cannot be changed
        answer = api.describe_secret(SecretId=secret)
        return answer["RotationEnabled"], answer["RotationRules"]["ScheduleExpression"]

    emulated.deploy(cloud, stack, {**rest, **schedule(function, secret, "rate(30 days)")})
    assert described() == (True, "rate(30 days)")
    emulated.deploy(cloud, stack, {**rest, **schedule(function, secret, "rate(7 days)")})
    assert described() == (True, "rate(7 days)")
    emulated.deploy(cloud, stack, rest)
    assert described()[0] is False
    assert not [record for record in cloud.rotations() if record.secret_arn == secret]


def test_a_schedule_without_the_functions_permission_fails_the_stack(cloud: LocalCloud) -> None:
    """The reason is the service's own."""
    secret, name = emulated.create_secret(cloud), emulated.unique("stack")
    function = emulated.create_function(cloud, "def handler(event, context): pass")
    assert emulated.deploy(cloud, name, schedule(function, secret, "rate(30 days)")) == "ROLLBACK_COMPLETE"
    assert "AccessDeniedException" in emulated.failure_reasons(cloud, name)


def test_a_vpc_tells_its_address_range(cloud: LocalCloud, stack: str) -> None:
    """Fn::GetAtt of CidrBlock, which the CDK uses for security groups, is the VPC's."""
    emulated.deploy(cloud, stack, {"Vpc": VPC}, {"Cidr": {"Fn::GetAtt": ["Vpc", "CidrBlock"]}})
    assert emulated.outputs(cloud, stack)["Cidr"] == "10.7.0.0/16"


def test_rules_apart_from_their_group_come_and_go_with_their_resource(cloud: LocalCloud, stack: str) -> None:
    """An ingress rule is the group's while its resource exists; a changed port replaces it."""
    group = {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "d", "VpcId": {"Ref": "Vpc"}}}
    base = {"Vpc": VPC, "Group": group}

    def ports(port: int | None) -> list[int]:
        rule = {
            "GroupId": {"Ref": "Group"},
            "IpProtocol": "tcp",
            "FromPort": port,
            "ToPort": port,
            "CidrIp": "10.0.0.0/8",
        }
        extra = {"Rule": {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": rule}} if port else {}
        emulated.deploy(cloud, stack, base | extra, {"Group": {"Fn::GetAtt": ["Group", "GroupId"]}})
        identifier = emulated.outputs(cloud, stack)["Group"]
        found = cloud.client("ec2").describe_security_groups(GroupIds=[identifier])["SecurityGroups"][0]
        return [permission["FromPort"] for permission in found["IpPermissions"]]

    assert [ports(5432), ports(5433), ports(None)] == [[5432], [5433], []]


def test_a_flow_log_comes_and_goes(cloud: LocalCloud, stack: str) -> None:
    """DescribeFlowLogs tells the flow log of a VPC while its resource exists."""
    properties = {"ResourceId": {"Ref": "Vpc"}, "ResourceType": "VPC", "TrafficType": "REJECT"}
    flow_log = {"Type": "AWS::EC2::FlowLog", "Properties": properties}

    def known() -> list[str]:
        return [found["FlowLogId"] for found in cloud.client("ec2").describe_flow_logs()["FlowLogs"]]

    emulated.deploy(cloud, stack, {"Vpc": VPC, "Log": flow_log}, {"Log": {"Ref": "Log"}})
    identifier = emulated.outputs(cloud, stack)["Log"]
    assert identifier in known()
    emulated.deploy(cloud, stack, {"Vpc": VPC})
    assert identifier not in known()


def test_the_default_group_is_emptied_and_restored(cloud: LocalCloud, stack: str) -> None:
    """The CDK's custom resource takes all rules from a VPC's default security group."""
    properties = {"ServiceToken": "unused", "DefaultSecurityGroupId": {"Fn::GetAtt": ["Vpc", "DefaultSecurityGroup"]}}
    restriction = {"Type": "Custom::VpcRestrictDefaultSG", "Properties": properties}
    outputs = {"Group": {"Fn::GetAtt": ["Vpc", "DefaultSecurityGroup"]}}

    def egress() -> int:
        group = emulated.outputs(cloud, stack)["Group"]
        found = cloud.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
        return len(found["IpPermissionsEgress"])

    emulated.deploy(cloud, stack, {"Vpc": VPC, "Restriction": restriction}, outputs)
    assert egress() == 0
    emulated.deploy(cloud, stack, {"Vpc": VPC}, outputs)
    assert egress() == 1


def test_a_bucket_with_objects_is_not_deleted(cloud: LocalCloud, stack: str) -> None:
    """Deleting the stack fails while the bucket has an object, and succeeds once it is empty."""
    emulated.deploy(cloud, stack, {"Bucket": {"Type": "AWS::S3::Bucket"}}, {"Bucket": {"Ref": "Bucket"}})
    bucket, s3 = emulated.outputs(cloud, stack)["Bucket"], cloud.client("s3")
    s3.put_object(Bucket=bucket, Key="key", Body=b"content")
    assert emulated.destroy(cloud, stack) == "DELETE_FAILED"
    assert s3.get_object(Bucket=bucket, Key="key")["Body"].read() == b"content"
    s3.delete_object(Bucket=bucket, Key="key")


def test_auto_delete_empties_a_versioned_bucket(cloud: LocalCloud) -> None:
    """The CDK's custom resource removes objects and versions before the bucket is deleted."""
    stack, versioned = emulated.unique("stack"), {"VersioningConfiguration": {"Status": "Enabled"}}
    properties = {"ServiceToken": "unused", "BucketName": {"Ref": "Bucket"}}
    resources = {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": versioned},
        "Emptier": {"Type": "Custom::S3AutoDeleteObjects", "Properties": properties},
    }
    emulated.deploy(cloud, stack, resources, {"Bucket": {"Ref": "Bucket"}})
    for body in (b"one", b"two"):
        cloud.client("s3").put_object(Bucket=emulated.outputs(cloud, stack)["Bucket"], Key="key", Body=body)
    assert emulated.destroy(cloud, stack) == "DELETE_COMPLETE"


def test_a_trail_is_configured_changed_and_deleted(cloud: LocalCloud, stack: str) -> None:
    """A trail records while IsLogging says so, and is gone with its resource."""
    name, trail_api = emulated.unique("trail"), cloud.client("cloudtrail")
    selectors = [{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": "true"}]

    def deploy(**properties: Any) -> bool:
        settings = {"TrailName": name, "S3BucketName": "bucket", "EventSelectors": selectors, **properties}
        emulated.deploy(cloud, stack, {"Trail": {"Type": "AWS::CloudTrail::Trail", "Properties": settings}})
        return bool(trail_api.get_trail_status(Name=name)["IsLogging"])

    assert [deploy(IsLogging=True), deploy(IsLogging=False)] == [True, False]
    assert trail_api.get_event_selectors(TrailName=name)["EventSelectors"][0]["ReadWriteType"] == "WriteOnly"
    emulated.destroy(cloud, stack)
    assert emulated.error_of(trail_api.get_trail_status, Name=name) == "TrailNotFoundException"

"""Small AWS resources for tests of the emulator."""

from __future__ import annotations

import io
import json
import textwrap
import uuid
import zipfile
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.cloud import LocalCloud
    from localcloud.control import RotationRecord

ACCOUNT = "000000000000"
OTHER_ACCOUNT = "111122223333"
ACCOUNT_ROOT = f"arn:aws:iam::{ACCOUNT}:root"

# A rotation that only replaces the value, with the gate that every rotation function has.
ROTATE_VALUE = """
    import boto3

    def handler(event, context):
        api, secret, token = boto3.client("secretsmanager"), event["SecretId"], event["ClientRequestToken"]
        stages = api.describe_secret(SecretId=secret)["VersionIdsToStages"]
        assert token in stages, "the token is no version"
        if event["Step"] == "createSecret":
            api.put_secret_value(
                SecretId=secret, ClientRequestToken=token, SecretString=token, VersionStages=["AWSPENDING"]
            )
        if event["Step"] == "finishSecret":
            current = next(version for version, labels in stages.items() if "AWSCURRENT" in labels)
            api.update_secret_version_stage(
                SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current
            )
            api.update_secret_version_stage(SecretId=secret, VersionStage="AWSPENDING", RemoveFromVersionId=token)
"""


def unique(prefix: str) -> str:
    """Return a name that no other test uses."""
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def statement(effect: str, action: str | list[str], resource: str | list[str], **condition: Any) -> dict[str, Any]:
    """Return an IAM statement; keyword arguments are condition operators."""
    conditions = {"Condition": condition} if condition else {}
    return {"Effect": effect, "Action": action, "Resource": resource, **conditions}


def policy(*statements: dict[str, Any]) -> str:
    """Return a policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def create_role(
    cloud: LocalCloud, *statements: dict[str, Any], name: str = "", path: str = "/", account: str = ACCOUNT
) -> str:
    """Create a role that Lambda and its account may assume, and return its name; its ARN if it is another account's."""
    name, iam = name or unique("role"), cloud.client("iam", account=account)
    principal = {"Service": "lambda.amazonaws.com", "AWS": f"arn:aws:iam::{account}:root"}
    trust = {**statement("Allow", "sts:AssumeRole", "*"), "Principal": principal}
    del trust["Resource"]
    arn: str = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=policy(*statements))
    return name if account == ACCOUNT else arn


def create_secret(cloud: LocalCloud, value: str = "first value", **settings: Any) -> str:
    """Create a secret and return its ARN."""
    api = cloud.client("secretsmanager")
    arn: str = api.create_secret(Name=unique("secret"), SecretString=value, **settings)["ARN"]
    return arn


def create_key(cloud: LocalCloud, *statements: dict[str, Any]) -> str:
    """Create a KMS key that delegates to IAM policies, and return its ARN; statements replace that delegation."""
    delegation = {**statement("Allow", "kms:*", "*"), "Principal": {"AWS": ACCOUNT_ROOT}}
    document = policy(*(statements or (delegation,)))
    arn: str = cloud.client("kms").create_key(Policy=document)["KeyMetadata"]["Arn"]
    return arn


def zipped(source: str, name: str = "index.py") -> bytes:
    """Return a function's code: one module `index`."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(name, textwrap.dedent(source))
    return content.getvalue()


def create_function(cloud: LocalCloud, source: str, *statements: dict[str, Any], **settings: Any) -> str:
    """Create a function from a module that has `handler`, and return its ARN; statements are those of its role."""
    logs = statement("Allow", ["logs:CreateLogStream", "logs:PutLogEvents"], "*")
    role = cloud.client("iam").get_role(RoleName=create_role(cloud, logs, *statements))["Role"]["Arn"]
    settings = {"Runtime": "python3.13", "Handler": "index.handler", "Timeout": 20, **settings}
    code = zipped(source, "index.js" if settings["Runtime"].startswith("nodejs") else "index.py")
    answer = cloud.client("lambda").create_function(
        FunctionName=unique("function"), Role=role, Code={"ZipFile": code}, **settings
    )
    arn: str = answer["FunctionArn"]
    return arn


def allow_rotation(cloud: LocalCloud, function_arn: str, secret_arn: str) -> None:
    """Let Secrets Manager invoke a function for one secret."""
    cloud.client("lambda").add_permission(
        FunctionName=function_arn,
        StatementId="rotation",
        Action="lambda:InvokeFunction",
        Principal="secretsmanager.amazonaws.com",
        SourceAccount=cloud.account,
        SourceArn=secret_arn,
    )


def rotation_function(cloud: LocalCloud, secret_arn: str, source: str = ROTATE_VALUE) -> str:
    """Create a function that may rotate one secret, and return its ARN."""
    function_arn = create_function(cloud, source, statement("Allow", "secretsmanager:*", secret_arn))
    allow_rotation(cloud, function_arn, secret_arn)
    return function_arn


def rotate(cloud: LocalCloud, secret_arn: str, function_arn: str, **settings: Any) -> str:
    """Switch rotation on with a monthly schedule and return the new version's id."""
    settings = {"RotationRules": {"AutomaticallyAfterDays": 30}, **settings}
    api = cloud.client("secretsmanager")
    version: str = api.rotate_secret(SecretId=secret_arn, RotationLambdaARN=function_arn, **settings)["VersionId"]
    return version


def rotation_of(cloud: LocalCloud, version_id: str) -> RotationRecord:
    """Return the record of a rotation."""
    return next(record for record in cloud.rotations() if record.version_id == version_id)


def ended(cloud: LocalCloud, version_id: str) -> RotationRecord:
    """Wait until a rotation has ended and return its record."""
    assert eventually(lambda: rotation_of(cloud, version_id).outcome is not None, within=20)
    return rotation_of(cloud, version_id)


def client_with(cloud: LocalCloud, service: str, credentials: dict[str, str]) -> Any:
    """Return a client that acts with keys which STS gave out."""
    make: Any = boto3.client
    return make(
        service,
        endpoint_url=cloud.endpoint_url,
        region_name=cloud.region,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        config=Config(proxies={}),
    )


def invoke(cloud: LocalCloud, function_arn: str, event: Any = None) -> Any:
    """Invoke a function and return its result or error document."""
    answer = cloud.client("lambda").invoke(FunctionName=function_arn, Payload=json.dumps(event))
    return json.loads(answer["Payload"].read())


def error_of(call: Callable[..., Any], **request: Any) -> str:
    """Return the code of the error which a call of an AWS API ends with; an empty text when it succeeds."""
    try:
        call(**request)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def deploy(cloud: LocalCloud, name: str, resources: dict[str, Any], outputs: dict[str, Any] | None = None) -> str:
    """Create or update a stack and return its last status."""
    formation = cloud.client("cloudformation")
    template = json.dumps({"Resources": resources, "Outputs": {k: {"Value": v} for k, v in (outputs or {}).items()}})
    exists = not error_of(formation.describe_stacks, StackName=name)
    (formation.update_stack if exists else formation.create_stack)(
        StackName=name, TemplateBody=template, Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    return settled(cloud, name)


def settled(cloud: LocalCloud, stack: str) -> str:
    """Wait until nothing happens to a stack any more and return its status."""
    formation = cloud.client("cloudformation")

    def status() -> str:
        stacks = formation.list_stacks()["StackSummaries"]
        return str(next(s["StackStatus"] for s in stacks if stack in (s["StackName"], s["StackId"])))

    assert eventually(lambda: not status().endswith("_IN_PROGRESS"), within=60)
    return status()


def destroy(cloud: LocalCloud, name: str) -> str:
    """Delete a stack and return its last status."""
    formation = cloud.client("cloudformation")
    stack_id = formation.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
    formation.delete_stack(StackName=name)
    return settled(cloud, stack_id)


def outputs(cloud: LocalCloud, name: str) -> dict[str, str]:
    """Return the outputs of a stack."""
    stack = cloud.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def failure_reasons(cloud: LocalCloud, stack: str) -> str:
    """Return why resources of a stack failed."""
    events = cloud.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
    return "\n".join(event.get("ResourceStatusReason", "") for event in events)

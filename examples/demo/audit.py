"""Who read the secret, from the log group of the trail, and somebody who may not."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from examples.demo.cdk import Deployment
    from localcloud.cloud import LocalCloud

OUTSIDER = "demo-outsider"
ADMINISTRATOR = "demo-administrator"
DEPLOYMENT = "cloudformation.amazonaws.com"  # reads to attach the secret, and for the database's dynamic reference
_ANY_TASK = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
_EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_POLICY = "own"


@dataclass(frozen=True)
class Reader:
    """What one principal's calls of GetSecretValue came to.

    :param role: its name; of calls that a service made for somebody, the service.
    """

    role: str
    granted: int
    denied: int


def readers(cloud: LocalCloud, deployment: Deployment) -> tuple[Reader, ...]:
    """Return who asked for the secret's value, most frequent first."""
    granted: Counter[str] = Counter()
    denied: Counter[str] = Counter()
    for event in _events(cloud, deployment.trail_log_group):
        if event["eventName"] == "GetSecretValue" and _is_about(event, deployment.secret_arn):
            (denied if "errorCode" in event else granted)[_principal(event)] += 1
    return tuple(Reader(role, granted[role], denied[role]) for role, _ in (granted + denied).most_common())


def read_as_outsider(cloud: LocalCloud, deployment: Deployment) -> str:
    """Try to read the secret as a role to which nothing was granted; return AWS's error code, or nothing."""
    with _role(cloud, OUTSIDER):
        client = cloud.client("secretsmanager", role=OUTSIDER)
        try:
            client.get_secret_value(SecretId=deployment.secret_arn, VersionStage="AWSCURRENT")
        except ClientError as error:
            return str(error.response["Error"]["Code"])
    return ""


def read_as_administrator(cloud: LocalCloud, deployment: Deployment) -> None:
    """Read the secret as a role that may do everything, and that nobody declared as a reader."""
    with _role(cloud, ADMINISTRATOR, _EVERYTHING):
        client = cloud.client("secretsmanager", role=ADMINISTRATOR)
        client.get_secret_value(SecretId=deployment.secret_arn, VersionStage="AWSCURRENT")


@contextmanager
def _role(cloud: LocalCloud, name: str, policy: dict[str, Any] | None = None) -> Iterator[None]:
    iam = cloud.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(_ANY_TASK))
    if policy:
        iam.put_role_policy(RoleName=name, PolicyName=_POLICY, PolicyDocument=json.dumps(policy))
    try:
        yield
    finally:
        if policy:
            iam.delete_role_policy(RoleName=name, PolicyName=_POLICY)
        iam.delete_role(RoleName=name)


def _events(cloud: LocalCloud, log_group: str) -> Iterator[dict[str, Any]]:
    client = cloud.client("logs")
    request: dict[str, Any] = {"logGroupName": log_group}
    while True:
        answer = client.filter_log_events(**request)
        for entry in answer["events"]:
            yield json.loads(entry["message"])
        if not answer.get("nextToken"):
            return
        request["nextToken"] = answer["nextToken"]


def _is_about(event: dict[str, Any], secret_arn: str) -> bool:
    """Compare with ARN and name: callers may use either."""
    named = (event["requestParameters"] or {}).get("secretId", "")
    name = secret_arn.rsplit(":", 1)[-1].rsplit("-", 1)[0]
    return named in (secret_arn, name)


def _principal(event: dict[str, Any]) -> str:
    identity = event["userIdentity"]
    issuer = identity.get("sessionContext", {}).get("sessionIssuer", {})
    return str(identity.get("invokedBy") or issuer.get("userName") or identity["arn"])

"""What an account would hold once templates are deployed: roles, secrets, keys and functions with their policies."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.support.iam.simulator import Policy
    from tests.support.templates import Resource, Template

ACCOUNT = "000000000000"
REGION = "us-east-1"
ENVIRONMENT_TAG = "rotating-rds:environment"

# What `Fn::GetAtt: Arn` returns, or `Ref` where a type's reference is its ARN; the rest is what AWS generates.
_ARNS = {
    "AWS::Events::Rule": "arn:aws:events:{region}:{account}:rule/{name}",
    "AWS::IAM::Role": "arn:aws:iam::{account}:role{path}{name}",
    "AWS::KMS::Key": "arn:aws:kms:{region}:{account}:key/{name}",
    "AWS::Lambda::Function": "arn:aws:lambda:{region}:{account}:function:{name}",
    "AWS::Logs::LogGroup": "arn:aws:logs:{region}:{account}:log-group:{name}:*",
    "AWS::SecretsManager::Secret": "arn:aws:secretsmanager:{region}:{account}:secret:{name}-AbCdEf",
    "AWS::SNS::Topic": "arn:aws:sns:{region}:{account}:{name}",
}
_PSEUDO = {"AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}

# "AmazonRDSEnhancedMonitoringRole" in the AWS Managed Policy Reference Guide.
_MANAGED: Mapping[str, Policy] = {
    "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole": {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["logs:CreateLogGroup", "logs:PutRetentionPolicy"],
                "Resource": ["arn:aws:logs:*:*:log-group:RDS*"],
            },
            {
                "Effect": "Allow",
                "Action": [
                    "logs:CreateLogStream",
                    "logs:PutLogEvents",
                    "logs:DescribeLogStreams",
                    "logs:GetLogEvents",
                ],
                "Resource": ["arn:aws:logs:*:*:log-group:RDS*:log-stream:*"],
            },
        ],
    }
}


@dataclass(frozen=True)
class Role:
    """A principal and its policies."""

    arn: str
    policies: list[Policy] = field(default_factory=list)


@dataclass(frozen=True)
class Secret:
    """A secret, its own policy, and the key that encrypts it with that key's policy."""

    arn: str
    environment: str
    policy: Policy | None
    key: str
    key_policy: Policy


@dataclass(frozen=True)
class Function:
    """A function and who may invoke it beside its account's principals."""

    arn: str
    policy: Policy | None


class Account:
    """The resources of an environment by part and construct path, such as `orders/Database/Secret`.

    :param templates: by part.
    """

    def __init__(self, templates: Mapping[str, Template]) -> None:
        self._templates = templates

    @property
    def roles(self) -> dict[str, Role]:
        """Every role, with inline and managed policies."""
        return {place: Role(self._arn(*at), self._role_policies(*at)) for place, at in self._all("AWS::IAM::Role")}

    @property
    def secrets(self) -> dict[str, Secret]:
        """Every secret."""
        return {place: self._secret(*at) for place, at in self._all("AWS::SecretsManager::Secret")}

    @property
    def functions(self) -> dict[str, Function]:
        """Every function."""
        return {
            place: Function(self._arn(*at), self._function_policy(self._arn(*at)))
            for place, at in self._all("AWS::Lambda::Function")
        }

    @property
    def endpoint_policies(self) -> dict[str, Policy]:
        """The policy of every VPC endpoint."""
        policies = {}
        for place, (part, name) in self._all("AWS::EC2::VPCEndpoint"):
            policies[place] = self._resolve(part, self._resource(part, name)["Properties"]["PolicyDocument"])
            for statement in policies[place]["Statement"]:
                # The two mean the same ("AWS JSON policy elements: Principal"); the simulator knows one of them here.
                if statement["Principal"] == {"AWS": "*"}:
                    statement["Principal"] = "*"
        return policies

    def logical_id(self, place: str) -> tuple[str, str]:
        """Return part and logical id of a role, secret or function."""
        kinds = ("AWS::IAM::Role", "AWS::SecretsManager::Secret", "AWS::Lambda::Function")
        return next(at for kind in kinds for found, at in self._all(kind) if found == place)

    def _all(self, kind: str) -> Iterator[tuple[str, tuple[str, str]]]:
        for part, template in self._templates.items():
            for name, resource in template.body["Resources"].items():
                if resource["Type"] == kind:
                    yield f"{part}/{template.path_of(name)}", (part, name)

    def _resource(self, part: str, name: str) -> Resource:
        resource: Resource = self._templates[part].body["Resources"][name]
        return resource

    def _role_policies(self, part: str, name: str) -> list[Policy]:
        properties = self._resource(part, name)["Properties"]
        inline = [entry["PolicyDocument"] for entry in properties.get("Policies", [])]
        attached = [
            self._resource(*at)["Properties"]["PolicyDocument"]
            for kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
            for _, at in self._all(kind)
            if at[0] == part and {"Ref": name} in self._resource(*at)["Properties"].get("Roles", [])
        ]
        managed = [_MANAGED[self._resolve(part, arn)] for arn in properties.get("ManagedPolicyArns", [])]
        return [*(self._resolve(part, document) for document in [*inline, *attached]), *managed]

    def _secret(self, part: str, name: str) -> Secret:
        properties = self._resource(part, name)["Properties"]
        arn = self._arn(part, name)
        key_part, key = self._find(self._resolve(part, properties["KmsKeyId"]), "AWS::KMS::Key")
        tags = {tag["Key"]: tag["Value"] for tag in properties["Tags"]}
        return Secret(
            arn=arn,
            environment=tags[ENVIRONMENT_TAG],
            policy=self._secret_policy(arn),
            key=self._arn(key_part, key),
            key_policy=self._resolve(key_part, self._resource(key_part, key)["Properties"]["KeyPolicy"]),
        )

    def _secret_policy(self, arn: str) -> Policy | None:
        for _, (part, name) in self._all("AWS::SecretsManager::ResourcePolicy"):
            properties = self._resource(part, name)["Properties"]
            if self._resolve(part, properties["SecretId"]) == arn:
                policy: Policy = self._resolve(part, properties["ResourcePolicy"])
                return policy
        return None

    def _function_policy(self, arn: str) -> Policy | None:
        statements = []
        for _, (part, name) in self._all("AWS::Lambda::Permission"):
            permission = self._resolve(part, self._resource(part, name)["Properties"])
            if permission["FunctionName"] == arn:
                source = {
                    "StringEquals": {"aws:SourceAccount": permission.get("SourceAccount")},
                    "ArnLike": {"aws:SourceArn": permission.get("SourceArn")},
                }
                principal = permission["Principal"]
                statements.append(
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": principal} if principal.endswith("amazonaws.com") else principal,
                        "Action": permission["Action"],
                        "Resource": arn,
                        "Condition": {test: keys for test, keys in source.items() if None not in keys.values()},
                    }
                )
        return {"Version": "2012-10-17", "Statement": statements} if statements else None

    def _find(self, arn: str, kind: str) -> tuple[str, str]:
        return next(at for _, at in self._all(kind) if self._arn(*at) == arn)

    def _arn(self, part: str, name: str) -> str:
        resource = self._resource(part, name)
        return _ARNS[resource["Type"]].format(
            account=ACCOUNT, region=REGION, name=f"{part}-{name}", path=resource["Properties"].get("Path", "/")
        )

    def _resolve(self, part: str, value: Any) -> Any:
        """Return *value* without intrinsic functions."""
        match value:
            case list():
                return [self._resolve(part, item) for item in value]
            case {"Ref": str(name)}:
                return _PSEUDO.get(name) or self._reference(part, name)
            case {"Fn::Join": [str(separator), list(items)]}:
                return separator.join(self._resolve(part, items))
            case {"Fn::GetAtt": [str(name), "Arn"]}:
                return self._arn(part, name)
            case dict():
                assert not any(key.startswith("Fn::") for key in value), value
                return {key: self._resolve(part, item) for key, item in value.items()}
        return value

    def _reference(self, part: str, name: str) -> str:
        resource = self._resource(part, name)
        match resource["Type"]:
            case "AWS::SecretsManager::SecretTargetAttachment":
                return str(self._resolve(part, resource["Properties"]["SecretId"]))
            case "AWS::SecretsManager::Secret" | "AWS::SNS::Topic":
                return self._arn(part, name)
        return f"{part}-{name}"


def copied(templates: Mapping[str, Template]) -> dict[str, Template]:
    """Return templates that may be changed."""
    return {part: copy.deepcopy(template) for part, template in templates.items()}

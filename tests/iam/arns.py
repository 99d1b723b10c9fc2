"""Fills in what CloudFormation would: the policies of a template, with ARNs for references."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.templates import Template

ACCOUNT, REGION = "000000000000", "us-east-1"
_HERE = f"{REGION}:{ACCOUNT}"
_PSEUDO = {"AWS::Partition": "aws", "AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::URLSuffix": "amazonaws.com"}
# What Ref and GetAtt of a type return, where that is an ARN. An attachment's Ref is the ARN of its secret.
_ARNS = {
    "AWS::SecretsManager::Secret": f"arn:aws:secretsmanager:{_HERE}:secret:{{}}-AbCdEf",
    "AWS::KMS::Key": f"arn:aws:kms:{_HERE}:key/{{}}",
    "AWS::Lambda::Function": f"arn:aws:lambda:{_HERE}:function:{{}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{_HERE}:log-group:{{}}:*",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/rotating-rds/local/{{}}",
}


@dataclass(frozen=True)
class Filled:
    """A template whose references have values.

    :param template: as synthesised.
    """

    template: Template

    def arn(self, kind: str, path: str) -> str:
        """Return the ARN of a resource."""
        return self._arn_of(self.template.logical_id(kind, path))

    def policies(self, role: str) -> list[dict[str, Any]]:
        """Return the identity policies of the role at a path."""
        role_id = self.template.logical_id("AWS::IAM::Role", role)
        return [
            self.fill(policy["Properties"]["PolicyDocument"])
            for policy in self.template.of_type("AWS::IAM::Policy").values()
            if {"Ref": role_id} in policy["Properties"]["Roles"]
        ]

    def key_policy(self, path: str) -> dict[str, Any]:
        """Return the policy of the key at a path."""
        document: dict[str, Any] = self.fill(self.template.resource("AWS::KMS::Key", path)["Properties"]["KeyPolicy"])
        return document

    def fill(self, value: Any) -> Any:
        """Return *value* with references resolved."""
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        if not isinstance(value, dict):
            return value
        match list(value.items()):
            case [("Ref", str(name))]:
                return _PSEUDO.get(name) or self._arn_of(name)
            case [("Fn::GetAtt", [str(name), "Arn"])]:
                return self._arn_of(name)
            case [("Fn::Join", [str(separator), list(parts)])]:
                return separator.join(str(self.fill(part)) for part in parts)
            case _:
                return {key: self.fill(item) for key, item in value.items()}

    def _arn_of(self, logical_id: str) -> str:
        resource: Mapping[str, Any] = self.template.body["Resources"][logical_id]
        if resource["Type"] == "AWS::SecretsManager::SecretTargetAttachment":
            return str(self.fill(resource["Properties"]["SecretId"]))
        return _ARNS[resource["Type"]].format(logical_id)

"""Reads a CloudFormation template by meaning: resources by type and path, references as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Resource = Mapping[str, Any]


@dataclass(frozen=True)
class Template:
    """A synthesised template.

    :param body: as CloudFormation gets it.
    """

    body: Mapping[str, Any]

    def of_type(self, kind: str) -> dict[str, Resource]:
        """Return the resources of a type, by construct path below the stack."""
        return {
            self.path_of(logical_id): resource
            for logical_id, resource in self.body["Resources"].items()
            if resource["Type"] == kind
        }

    def resource(self, kind: str, path: str | None = None) -> Resource:
        """Return the only resource of a type, or the one at *path*."""
        found = self.of_type(kind)
        if path is not None:
            return found[path]
        (resource,) = found.values()
        return resource

    def properties(self, kind: str, path: str | None = None) -> dict[str, Any]:
        """Return the properties of a resource, with references as text."""
        readable: dict[str, Any] = self.readable(self.resource(kind, path)["Properties"])
        return readable

    def logical_id(self, kind: str, path: str | None = None) -> str:
        """Return the logical id of a resource."""
        wanted = self.resource(kind, path)
        names: dict[str, Resource] = self.body["Resources"]
        return next(name for name, resource in names.items() if resource is wanted)

    def depends_on(self, kind: str, path: str | None = None) -> set[str]:
        """Return the paths of what a resource waits for by DependsOn."""
        names = self.resource(kind, path).get("DependsOn", [])
        return {self.path_of(name) for name in ([names] if isinstance(names, str) else names)}

    def statements(self, role_path: str) -> list[dict[str, Any]]:
        """Return the statements of the inline policies of the role at *role_path*."""
        role = self.logical_id("AWS::IAM::Role", role_path)
        return [
            self.readable(statement)
            for policy in self.of_type("AWS::IAM::Policy").values()
            if {"Ref": role} in policy["Properties"]["Roles"]
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        ]

    def path_of(self, logical_id: str) -> str:
        """Return the construct path of a resource, without the stack and primary children."""
        path: str = self.body["Resources"][logical_id].get("Metadata", {}).get("aws:cdk:path", f"/{logical_id}")
        return "/".join(part for part in path.split("/")[1:] if part != "Resource")

    def readable(self, value: Any) -> Any:
        """Return *value* with intrinsic functions as text: `${path}`, `${path.Attribute}`, `${AWS::Region}`."""
        if isinstance(value, list):
            return [self.readable(item) for item in value]
        if isinstance(value, Mapping):
            text = self._reference(value)
            return {key: self.readable(item) for key, item in value.items()} if text is None else text
        return value

    def _reference(self, value: Mapping[str, Any]) -> str | None:
        match list(value.items()):
            case [("Ref", str(name))]:
                return f"${{{self._name(name)}}}"
            case [("Fn::GetAtt", [str(name), str(attribute)])]:
                return f"${{{self._name(name)}.{attribute}}}"
            case [("Fn::Join", [str(separator), list(parts)])]:
                return separator.join(str(self.readable(part)) for part in parts)
            case [("Fn::Select", [int(place), {"Fn::Split": [str(separator), whole]}])]:
                return f"{self.readable(whole)}[{separator}{place}]"
            case [("Fn::ImportValue", str(name))]:
                return f"${{{re.sub(r'^.*ExportsOutput(Ref|FnGetAtt)|[0-9A-F]{8}$', '', name)}}}"
        return None

    def _name(self, logical_id: str) -> str:
        return self.path_of(logical_id) if logical_id in self.body["Resources"] else logical_id

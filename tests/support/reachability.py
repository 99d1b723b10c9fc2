"""Who reaches what in a network, by the security groups and rules of an environment's templates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.support.templates import Template


@dataclass(frozen=True)
class Rule:
    """Traffic that a group lets in or out.

    :param group: place of the group, such as `orders/Database/SecurityGroup`.
    :param peer: place of another group, or a range of addresses.
    :param ports: first and last port.
    """

    group: str
    peer: str
    protocol: str
    ports: tuple[int, int]

    @property
    def stands_for_nothing(self) -> bool:
        """Whether it only keeps AWS from opening everything, as a group without rules out would."""
        return self.peer in {"255.255.255.255/32", "127.0.0.1/32"}


class Reachability:
    """The network side of an environment.

    :param templates: by part.
    """

    def __init__(self, templates: Mapping[str, Template]) -> None:
        self._templates = templates
        self.into = sorted(set(self._rules("Ingress", "Source")), key=repr)
        self.out_of = sorted(
            {rule for rule in self._rules("Egress", "Destination") if not rule.stands_for_nothing}, key=repr
        )

    def connections(self) -> set[tuple[str, str, int]]:
        """Return from which group which other is reached on which port: let out by the one, let in by the other."""
        return {
            (rule.group, rule.peer, rule.ports[0])
            for rule in self.out_of
            if any(
                (entry.group, entry.peer, entry.protocol, entry.ports)
                == (rule.peer, rule.group, rule.protocol, rule.ports)
                for entry in self.into
            )
        }

    def groups_of(self, kind: str, key: str) -> dict[str, list[str]]:
        """Return the groups of each resource of a type.

        :param key: the property that lists them; that of functions is below `VpcConfig`.
        """
        found = {}
        for part, template in self._templates.items():
            for path, resource in template.of_type(kind).items():
                properties = resource["Properties"]
                groups = properties.get(key) or properties.get("VpcConfig", {}).get(key, [])
                found[f"{part}/{path}"] = [self._place(part, group) for group in groups]
        return found

    def _rules(self, direction: str, other_end: str) -> Iterator[Rule]:
        for part, template in self._templates.items():
            for path, group in template.of_type("AWS::EC2::SecurityGroup").items():
                for rule in group["Properties"].get(f"SecurityGroup{direction}", []):
                    yield self._rule(part, f"{part}/{path}", rule, other_end)
            for rule in template.of_type(f"AWS::EC2::SecurityGroup{direction}").values():
                properties = rule["Properties"]
                yield self._rule(part, self._place(part, properties["GroupId"]), properties, other_end)

    def _rule(self, part: str, group: str, rule: Mapping[str, Any], other_end: str) -> Rule:
        peers = ("CidrIp", "CidrIpv6", f"{other_end}PrefixListId")
        peer = next((str(rule[key]) for key in peers if key in rule), None)
        if peer is None:
            peer = self._place(part, rule[f"{other_end}SecurityGroupId"])
        ports = (self._port(part, rule.get("FromPort", 0)), self._port(part, rule.get("ToPort", 65535)))
        return Rule(group, peer, str(rule["IpProtocol"]), ports)

    def _port(self, part: str, value: Any) -> int:
        """Return a port; a database's own is asked of the template."""
        match value:
            case {"Fn::GetAtt": [str(name), "Endpoint.Port"]}:
                return int(self._templates[part].body["Resources"][name]["Properties"]["Port"])
        return int(value)

    def _place(self, part: str, group: Any) -> str:
        match group:
            case {"Fn::GetAtt": [str(name), "GroupId"]}:
                return f"{part}/{self._templates[part].path_of(name)}"
            case {"Fn::ImportValue": str(export)}:
                return self._exported(export)
        return str(group)

    def _exported(self, name: str) -> str:
        for part, template in self._templates.items():
            for output in template.body.get("Outputs", {}).values():
                if output.get("Export", {}).get("Name") == name:
                    return self._place(part, output["Value"])
        raise AssertionError(f"no stack exports {name}")

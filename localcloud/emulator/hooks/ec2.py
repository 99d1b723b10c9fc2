"""Network resources which templates contain. Networks are inert here: nothing is reachable or blocked by them.

- `AWS::EC2::SecurityGroupIngress` and `SecurityGroupEgress` (rules apart from their group) and `AWS::EC2::FlowLog` are
  missing.
- `Custom::VpcRestrictDefaultSG`, the CDK's emptying of a VPC's default security group, is a Node.js function whose SDK
  is not here, so that its type is played natively.
- `AWS::EC2::VPC` lacks the attributes CidrBlock and CidrBlockAssociations.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from ministack.core.responses import get_account_id, get_region
from ministack.services import ec2
from ministack.services.cloudformation import provisioners

from localcloud.emulator import clock, patches
from localcloud.emulator.hooks import cloudformation
from localcloud.emulator.hooks.cloudformation import ResourceType

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.emulator.emulator import Emulator
    from localcloud.emulator.hooks.cloudformation import Created, Properties

_permissions = patches.expect(provisioners, "_ec2_sg_permissions", "(rules)")
_apply_tags = patches.expect(provisioners, "_ec2_apply_tags", "(physical_id, props, old_props=None)")

_RULE_PROPERTIES = (
    "CidrIp",
    "CidrIpv6",
    "DestinationPrefixListId",
    "DestinationSecurityGroupId",
    "FromPort",
    "GroupId",
    "GroupName",
    "IpProtocol",
    "SourcePrefixListId",
    "SourceSecurityGroupId",
    "SourceSecurityGroupName",
    "SourceSecurityGroupOwnerId",
    "ToPort",
)
_FLOW_LOG_PROPERTIES = ("LogDestination", "LogDestinationType", "LogGroupName", "ResourceId", "TrafficType")


def install(_: Emulator) -> None:
    """Add and correct the types."""
    patches.require(ec2, "_flow_logs", "_security_groups", "_tags", "_vpcs")
    for name, direction in (("Ingress", "IpPermissions"), ("Egress", "IpPermissionsEgress")):
        cloudformation.add(f"AWS::EC2::SecurityGroup{name}", _rule(direction))
    cloudformation.add(
        "AWS::EC2::FlowLog",
        ResourceType(
            create=_create_flow_log,
            update=_update_flow_log,
            delete=lambda physical_id, _: _forget(ec2._flow_logs, physical_id),
            replaced_by=(*_FLOW_LOG_PROPERTIES, "DeliverLogsPermissionArn", "LogFormat", "ResourceType"),
        ),
    )
    cloudformation.add(
        "Custom::VpcRestrictDefaultSG",
        ResourceType(
            create=_restrict_default_group,
            update=lambda physical_id, _old, new: (physical_id, _restrict_default_group("", new, "")[1]),
            delete=_restore_default_group,
            replaced_by=("DefaultSecurityGroupId",),
        ),
    )
    update_signature = "(physical_id, old_props, new_props, stack_name, logical_id=None)"
    cloudformation.wrap("AWS::EC2::VPC", "create", "(logical_id, props, stack_name)", _with_cidr_block)
    cloudformation.wrap("AWS::EC2::VPC", "update", update_signature, _with_cidr_block)


def _rule(direction: str) -> ResourceType:
    def put(physical_id: str, properties: Properties) -> Created:
        group = ec2._security_groups.get(properties["GroupId"])
        if group is None:
            raise ValueError(f"The security group {properties['GroupId']!r} does not exist.")
        group[direction].extend({**permission, "_RuleId": physical_id} for permission in _permissions([properties]))
        return physical_id, {"Id": physical_id}

    def update(physical_id: str, old: Properties, new: Properties) -> Created:
        delete(physical_id, old)
        return put(physical_id, new)

    def delete(physical_id: str, properties: Properties) -> None:
        group = ec2._security_groups.get(properties["GroupId"])
        if group is not None:
            group[direction][:] = [rule for rule in group[direction] if rule.get("_RuleId") != physical_id]

    return ResourceType(
        create=lambda _logical_id, properties, _stack: put(f"sgr-{uuid.uuid4().hex[:17]}", properties),
        update=update,
        delete=delete,
        replaced_by=_RULE_PROPERTIES,
    )


def _create_flow_log(_logical_id: str, properties: Properties, _stack: str) -> Created:
    physical_id = f"fl-{uuid.uuid4().hex[:17]}"
    ec2._flow_logs[physical_id] = {
        "FlowLogId": physical_id,
        "FlowLogStatus": "ACTIVE",
        "CreationTime": clock.iso(clock.now()),
        **{name: properties.get(name, "") for name in _FLOW_LOG_PROPERTIES},
    }
    _apply_tags(physical_id, properties)
    return physical_id, {"Id": physical_id}


def _update_flow_log(physical_id: str, old: Properties, new: Properties) -> Created:
    _apply_tags(physical_id, new, old)
    return physical_id, {"Id": physical_id}


def _restrict_default_group(_logical_id: str, properties: Properties, _stack: str) -> Created:
    group = ec2._security_groups[properties["DefaultSecurityGroupId"]]
    group |= {"IpPermissions": [], "IpPermissionsEgress": []}
    return f"restricted-{group['GroupId']}", {}


def _restore_default_group(_physical_id: str, properties: Properties) -> None:
    group = ec2._security_groups.get(properties["DefaultSecurityGroupId"])
    if group is not None:
        pair = {"GroupId": group["GroupId"], "UserId": get_account_id()}
        group["IpPermissions"] = [{"IpProtocol": "-1", "UserIdGroupPairs": [pair], "IpRanges": []}]
        group["IpPermissionsEgress"] = _permissions([{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}])


def _forget(records: dict[str, object], physical_id: str) -> None:
    records.pop(physical_id, None)
    ec2._tags.pop(physical_id, None)


def _with_cidr_block(original: Callable[..., Created], *args: object) -> Created:
    physical_id, attributes = original(*args)
    association = f"vpc-cidr-assoc-{physical_id.removeprefix('vpc-')}"
    return physical_id, {
        **attributes,
        "CidrBlock": ec2._vpcs[physical_id]["CidrBlock"],
        "CidrBlockAssociations": [association],
        "Ipv6CidrBlocks": [],
        "VpcArn": f"arn:aws:ec2:{get_region()}:{get_account_id()}:vpc/{physical_id}",
    }

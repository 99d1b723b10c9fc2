"""The way out of a private subnet: `AWS::EC2::EIP` and `AWS::EC2::NatGateway`, which ministack's CloudFormation lacks.

Ref of an address is the address itself, of a gateway its id (CloudFormation's resource reference). Networks are inert
here: nothing passes through a gateway, and nothing needs one.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from ministack.services import ec2
from ministack.services.cloudformation import provisioners

from localcloud.emulator import clock, patches
from localcloud.emulator.hooks import cloudformation
from localcloud.emulator.hooks.cloudformation import ResourceType

if TYPE_CHECKING:
    from localcloud.emulator.emulator import Emulator
    from localcloud.emulator.hooks.cloudformation import Created, Properties

_random_ip = patches.expect(ec2, "_random_ip", "(prefix)")
_apply_tags = patches.expect(provisioners, "_ec2_apply_tags", "(physical_id, props, old_props=None)")


def install(_: Emulator) -> None:
    """Add the types."""
    patches.require(ec2, "_addresses", "_nat_gateways", "_subnets", "_tags")
    cloudformation.add(
        "AWS::EC2::EIP",
        ResourceType(
            create=_allocate,
            update=_retag_address,
            delete=_release,
            replaced_by=("Address", "IpamPoolId", "NetworkBorderGroup", "TransferAddress"),
        ),
    )
    cloudformation.add(
        "AWS::EC2::NatGateway",
        ResourceType(
            create=_create_gateway,
            update=_retag_gateway,
            delete=_delete_gateway,
            replaced_by=(
                "AllocationId",
                "AvailabilityMode",
                "ConnectivityType",
                "PrivateIpAddress",
                "SubnetId",
                "VpcId",
            ),
        ),
    )


def _allocate(_logical_id: str, properties: Properties, _stack: str) -> Created:
    allocation, address = f"eipalloc-{uuid.uuid4().hex[:17]}", _random_ip("52.")
    unused = dict.fromkeys(("AssociationId", "InstanceId", "NetworkInterfaceId", "PrivateIpAddress"))
    ec2._addresses[allocation] = {"AllocationId": allocation, "PublicIp": address, "Domain": "vpc", **unused}
    _apply_tags(allocation, properties)
    return address, {"AllocationId": allocation, "PublicIp": address}


def _retag_address(physical_id: str, old: Properties, new: Properties) -> Created:
    allocation = _allocation_of(physical_id)
    if allocation is None:
        raise ValueError(f"The address {physical_id!r} does not exist any more.")
    _apply_tags(allocation, new, old)
    return physical_id, {"AllocationId": allocation, "PublicIp": physical_id}


def _release(physical_id: str, _: Properties) -> None:
    allocation = _allocation_of(physical_id)
    if allocation is None:
        return
    if ec2._addresses[allocation]["AssociationId"]:
        raise ValueError(f"The address {physical_id} is in use: delete what uses it first.")
    del ec2._addresses[allocation]
    ec2._tags.pop(allocation, None)


def _allocation_of(address: str) -> str | None:
    return next((key for key, record in ec2._addresses.items() if record["PublicIp"] == address), None)


def _create_gateway(_logical_id: str, properties: Properties, _stack: str) -> Created:
    subnet = ec2._subnets.get(properties["SubnetId"])
    if subnet is None:
        raise ValueError(f"The subnet {properties['SubnetId']!r} does not exist.")
    gateway, allocation = f"nat-{uuid.uuid4().hex[:17]}", properties.get("AllocationId", "")
    if allocation:
        _associate(allocation)
    ec2._nat_gateways[gateway] = {
        "NatGatewayId": gateway,
        "SubnetId": properties["SubnetId"],
        "VpcId": subnet["VpcId"],
        "AllocationId": allocation,
        "ConnectivityType": properties.get("ConnectivityType", "public"),
        "State": "available",
        "CreateTime": clock.iso(clock.now()),
        "Tags": [],
    }
    _apply_tags(gateway, properties)
    return gateway, _gateway_attributes(gateway)


def _associate(allocation: str) -> None:
    address = ec2._addresses.get(allocation)
    if address is None:
        raise ValueError(f"The allocation {allocation!r} does not exist.")
    if address["AssociationId"]:
        raise ValueError(f"The allocation {allocation} is in use already.")
    address["AssociationId"] = f"eipassoc-{uuid.uuid4().hex[:17]}"


def _retag_gateway(physical_id: str, old: Properties, new: Properties) -> Created:
    _apply_tags(physical_id, new, old)
    return physical_id, _gateway_attributes(physical_id)


def _gateway_attributes(gateway: str) -> dict[str, str]:
    return {"NatGatewayId": gateway, "EniId": f"eni-{gateway.removeprefix('nat-')}"}


def _delete_gateway(physical_id: str, _: Properties) -> None:
    gateway = ec2._nat_gateways.pop(physical_id, None)
    address = ec2._addresses.get(gateway["AllocationId"]) if gateway else None
    if address is not None:
        address["AssociationId"] = None
    ec2._tags.pop(physical_id, None)

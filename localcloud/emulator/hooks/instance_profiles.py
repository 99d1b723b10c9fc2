"""`AWS::IAM::InstanceProfile`, by whose name EC2 launches instances.

Ref is the profile's name, and a role that does not exist fails the profile ("AWS::IAM::InstanceProfile" in
CloudFormation's resource reference, AddRoleToInstanceProfile in IAM's). ministack gives the ARN, and leaves such a role
out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack.services import iam
from ministack.services.cloudformation import provisioners

from localcloud.emulator import patches
from localcloud.emulator.hooks import cloudformation
from localcloud.emulator.hooks.cloudformation import ResourceType

if TYPE_CHECKING:
    from localcloud.emulator.emulator import Emulator
    from localcloud.emulator.hooks.cloudformation import Created, Properties

_make = patches.expect(provisioners, "_iam_ip_create", "(logical_id, props, stack_name)")


def install(_: Emulator) -> None:
    """Take the place of ministack's type."""
    patches.require(iam, "_instance_profiles", "_roles")
    cloudformation.add(
        "AWS::IAM::InstanceProfile",
        ResourceType(
            create=_create,
            update=_update,
            delete=lambda name, _: iam._instance_profiles.pop(name, None),
            replaced_by=("InstanceProfileName", "Path"),
        ),
    )


def _create(logical_id: str, properties: Properties, stack: str) -> Created:
    _check_roles(properties)
    name = properties.get("InstanceProfileName") or cloudformation.physical_name(stack, logical_id)
    _, attributes = _make(logical_id, {**properties, "InstanceProfileName": name}, stack)
    return name, attributes


def _update(name: str, _: Properties, new: Properties) -> Created:
    _check_roles(new)
    profile = iam._instance_profiles[name]
    profile["Roles"] = list(new["Roles"])
    return name, {"Arn": profile["Arn"]}


def _check_roles(properties: Properties) -> None:
    for role in properties["Roles"]:
        if role not in iam._roles:
            raise ValueError(f"The role with name {role} cannot be found.")

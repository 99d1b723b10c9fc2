"""`AWS::RDS::OptionGroup`, which ministack's CloudFormation lacks; its API has option groups.

Ref is the group's name (CloudFormation's resource reference). Options are recorded, and change nothing in a server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack.services import rds
from ministack.services.cloudformation import provisioners

from localcloud.emulator import patches
from localcloud.emulator.hooks import cloudformation
from localcloud.emulator.hooks.cloudformation import ResourceType

if TYPE_CHECKING:
    from localcloud.emulator.emulator import Emulator
    from localcloud.emulator.hooks.cloudformation import Created, Properties

_KIND = "AWS::RDS::OptionGroup"
_IMMUTABLE = ("EngineName", "MajorEngineVersion", "OptionGroupDescription", "OptionGroupName")

_call = patches.expect(provisioners, "_rds_call", "(fn, params, resource_type, action)")
_sync_tags = patches.expect(provisioners, "_rds_sync_tags", "(arn, old_props, new_props, resource_type)")
_create_group = patches.expect(rds, "_create_option_group", "(p)")
_delete_group = patches.expect(rds, "_delete_option_group", "(p)")


def install(_: Emulator) -> None:
    """Add the type."""
    patches.require(rds, "_option_groups")
    kind = ResourceType(create=_create, update=_update, delete=_delete, replaced_by=_IMMUTABLE)
    cloudformation.add(_KIND, kind)


def _create(logical_id: str, properties: Properties, stack_name: str) -> Created:
    name = properties.get("OptionGroupName") or cloudformation.physical_name(
        stack_name, logical_id, lowercase=True, max_len=255
    )
    request = {key: properties[key] for key in _IMMUTABLE if key in properties} | {"OptionGroupName": name}
    _call(_create_group, request, _KIND, "create")
    return _update(name, {}, properties)


def _update(physical_id: str, old: Properties, new: Properties) -> Created:
    group = rds._option_groups[physical_id]
    group["Options"] = [{"OptionName": option["OptionName"]} for option in new.get("OptionConfigurations") or []]
    _sync_tags(group["OptionGroupArn"], old, new, _KIND)
    return physical_id, {}


def _delete(physical_id: str, _: Properties) -> None:
    _delete_group({"OptionGroupName": physical_id})  # answers an error when the group is gone already: fine

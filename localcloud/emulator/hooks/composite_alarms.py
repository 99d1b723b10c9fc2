"""`AWS::CloudWatch::CompositeAlarm`, which ministack's CloudFormation lacks; its API has composite alarms.

Ref is the alarm's name (CloudFormation's resource reference).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack.services import cloudwatch

from localcloud.emulator import patches
from localcloud.emulator.answers import content_of
from localcloud.emulator.hooks import cloudformation
from localcloud.emulator.hooks.cloudformation import ResourceType

if TYPE_CHECKING:
    from localcloud.emulator.emulator import Emulator
    from localcloud.emulator.hooks.cloudformation import Created, Properties

_PROPERTIES = (
    "ActionsEnabled",
    "AlarmActions",
    "AlarmDescription",
    "AlarmRule",
    "InsufficientDataActions",
    "OKActions",
    "Tags",
)

_put = patches.expect(cloudwatch, "_put_composite_alarm", "(params, cbor_data, is_cbor, is_json=False)")
_delete_alarms = patches.expect(cloudwatch, "_delete_alarms", "(params, cbor_data, is_cbor, is_json=False)")


def install(_: Emulator) -> None:
    """Add the type."""
    patches.require(cloudwatch, "_composite_alarms")
    kind = ResourceType(
        create=_create,
        update=lambda physical_id, _old, new: _record(physical_id, new),
        delete=_delete,
        replaced_by=("AlarmName",),
    )
    cloudformation.add("AWS::CloudWatch::CompositeAlarm", kind)


def _create(logical_id: str, properties: Properties, stack_name: str) -> Created:
    name = properties.get("AlarmName") or cloudformation.physical_name(stack_name, logical_id, max_len=255)
    return _record(name, properties)


def _record(name: str, properties: Properties) -> Created:
    request = {key: properties[key] for key in _PROPERTIES if key in properties}
    content_of(_put({}, {**request, "AlarmName": name}, is_cbor=False, is_json=True))
    return name, {"Arn": cloudwatch._composite_alarms[name]["AlarmArn"]}


def _delete(physical_id: str, _: Properties) -> None:
    content_of(_delete_alarms({}, {"AlarmNames": [physical_id]}, is_cbor=False, is_json=True))

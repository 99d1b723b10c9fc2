"""`AWS::CloudTrail::Trail`, which ministack's CloudFormation lacks; its API has trails already.

Ref is the trail's name; IsLogging decides whether it records (CloudFormation's resource reference).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ministack.services import cloudtrail
from ministack.services.cloudformation import provisioners

from localcloud.emulator import patches
from localcloud.emulator.answers import content_of
from localcloud.emulator.hooks import cloudformation
from localcloud.emulator.hooks.cloudformation import ResourceType

if TYPE_CHECKING:
    from localcloud.emulator.emulator import Emulator
    from localcloud.emulator.hooks.cloudformation import Created, Properties

_PROPERTIES = (
    "CloudWatchLogsLogGroupArn",
    "CloudWatchLogsRoleArn",
    "EnableLogFileValidation",
    "IncludeGlobalServiceEvents",
    "IsMultiRegionTrail",
    "IsOrganizationTrail",
    "S3BucketName",
    "S3KeyPrefix",
    "SnsTopicName",
)
_BOOLEANS = ("EnableLogFileValidation", "IncludeGlobalServiceEvents", "IsMultiRegionTrail", "IsOrganizationTrail")

_create = patches.expect(cloudtrail, "_create_trail", "(body)")
_update = patches.expect(cloudtrail, "_update_trail", "(body)")
_delete = patches.expect(cloudtrail, "_delete_trail", "(body)")
_start = patches.expect(cloudtrail, "_start_logging", "(body)")
_stop = patches.expect(cloudtrail, "_stop_logging", "(body)")
_select = patches.expect(cloudtrail, "_put_event_selectors", "(body)")
_tag = patches.expect(cloudtrail, "_add_tags", "(body)")


def install(_: Emulator) -> None:
    """Add the type."""
    kind = ResourceType(create=_create_trail, update=_configure, delete=_delete_trail, replaced_by=("TrailName",))
    cloudformation.add("AWS::CloudTrail::Trail", kind)


def _create_trail(logical_id: str, properties: Properties, stack_name: str) -> Created:
    name = properties.get("TrailName") or cloudformation.physical_name(stack_name, logical_id)
    content_of(_create({"Name": name, **_settings(properties)}))
    try:
        return _configure(name, {}, properties)
    except Exception:
        _delete({"Name": name})
        raise


def _configure(physical_id: str, _old: Properties, new: Properties) -> Created:
    arn = content_of(_update({"Name": physical_id, **_settings(new)}))["TrailARN"]
    for kind in ("EventSelectors", "AdvancedEventSelectors"):
        if new.get(kind):
            content_of(_select({"TrailName": physical_id, kind: _plain(new[kind])}))
    if new.get("Tags"):
        _tag({"ResourceId": arn, "TagsList": new["Tags"]})
    (_start if provisioners._cfn_bool(new["IsLogging"]) else _stop)({"Name": physical_id})
    return physical_id, {"Arn": arn, "SnsTopicArn": ""}


def _delete_trail(physical_id: str, _: Properties) -> None:
    _delete({"Name": physical_id})  # answers an error when the trail is gone already: fine


def _settings(properties: Properties) -> dict[str, Any]:
    given = {name: properties[name] for name in _PROPERTIES if name in properties}
    booleans = {name: provisioners._cfn_bool(given[name]) for name in _BOOLEANS if name in given}
    return given | booleans | {"KmsKeyId": properties.get("KMSKeyId", "")}


def _plain(selectors: list[Any]) -> list[Any]:
    """Return selectors with truth values where CloudFormation renders text."""
    text = json.dumps(selectors).replace('"true"', "true").replace('"false"', "false")
    plain: list[Any] = json.loads(text)
    return plain

"""`AWS::CloudWatch::CompositeAlarm` and metric math in `AWS::CloudWatch::Alarm`, which ministack lacks.

Ref is the alarm's name (CloudFormation's resource references). What PutMetricAlarm refuses fails the deployment.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners

from localcloud.emulator import patches
from localcloud.emulator.alarms.checks import check
from localcloud.emulator.hooks import cloudformation
from localcloud.emulator.hooks.alarms import with_math
from localcloud.emulator.hooks.cloudformation import ResourceType

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.emulator.emulator import Emulator
    from localcloud.emulator.hooks.cloudformation import Created, Properties

_delete = patches.expect(cloudwatch, "_delete_alarms", "(params, cbor_data, is_cbor, is_json=False)")

_NUMBERS = ("ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod")


def install(_: Emulator) -> None:
    """Add and correct the types."""
    composite = ResourceType(
        create=_create, update=lambda name, _, new: _put(name, new), delete=_remove, replaced_by=("AlarmName",)
    )
    cloudformation.add("AWS::CloudWatch::CompositeAlarm", composite)
    patches.replace(provisioners, "_cw_metric_alarm_record", "(name, props)", _record)


def _create(logical_id: str, properties: Properties, stack_name: str) -> Created:
    name = properties.get("AlarmName") or cloudformation.physical_name(stack_name, logical_id, max_len=255)
    return _put(name, properties)


def _put(name: str, properties: Properties) -> Created:
    request = {**properties, "AlarmName": name}
    request |= {key: int(properties[key]) for key in _NUMBERS if key in properties}
    request["ActionsEnabled"] = provisioners._cfn_bool(properties.get("ActionsEnabled", True))
    status, _, body = cloudwatch._put_composite_alarm({}, request, False, True)  # noqa: FBT003  # ministack's signature
    if status != _OK:
        raise ValueError(json.loads(body).get("message") or body.decode())
    return name, {"Arn": cloudwatch._composite_alarms[name]["AlarmArn"]}


def _remove(name: str, _: Properties) -> None:
    _delete({}, {"AlarmNames": [name]}, False, True)  # noqa: FBT003  # ministack's signature


_OK = 200


def _record(original: Callable[..., dict[str, Any]], name: str, props: Properties) -> dict[str, Any]:
    if not props.get("Metrics"):
        check(_typed(props))
        return original(name, props)
    properties = _typed(props) | {"Metrics": [_query(query) for query in props["Metrics"]]}
    check(properties)
    plain = {**props, "Metrics": None, "Namespace": "-", "MetricName": "-"}
    return with_math(original(name, plain), properties)


def _typed(props: Properties) -> Properties:
    """Return properties with numbers where CloudFormation renders texts."""
    numbers: Properties = {
        key: int(props[key]) for key in ("Period", "EvaluationPeriods", "DatapointsToAlarm") if key in props
    }
    return {**props, **numbers}


def _query(query: dict[str, Any]) -> dict[str, Any]:
    typed = dict(query)
    if "ReturnData" in query:
        typed["ReturnData"] = provisioners._cfn_bool(query["ReturnData"])
    if query.get("MetricStat"):
        typed["MetricStat"] = {**query["MetricStat"], "Period": int(query["MetricStat"]["Period"])}
    return typed

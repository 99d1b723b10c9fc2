"""What happens when an alarm changes its state: topics are told, and EventBridge is.

ministack's messages lack half of what AWS writes, and it tells topics whose policy does not admit CloudWatch. It knows
no actions suppressor. Actions of other services (EC2, Auto Scaling, Systems Manager, Lambda) are not performed, which
the log says.
"""

from __future__ import annotations

import functools
import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.loaders import Loader
from ministack.core.responses import get_account_id, get_region, new_uuid, request_scope
from ministack.services import cloudwatch, eventbridge, sns

from localcloud.emulator import clock, patches
from localcloud.emulator.alarms.message import Change
from localcloud.emulator.alarms.suppression import Suppression
from localcloud.emulator.hooks import topics

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.emulator.answers import Answer
    from localcloud.emulator.emulator import Emulator

    Key = tuple[str, str, str]

_ACTIONS = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}
_SUPPRESSOR = ("ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod")
_SERVICE = "cloudwatch.amazonaws.com"

_logger = logging.getLogger("localcloud.alarms")
_fanout = patches.expect(
    sns,
    "_fanout",
    "(topic_arn, msg_id, message, subject, message_structure='', message_attributes=None, message_group_id='', "
    "message_dedup_id='')",
)
_put_events = patches.expect(eventbridge, "_put_events", "(data, allow_aws_source=False)")
_state_of = patches.expect(cloudwatch, "_rule_alarm_state", "(ref)")


@dataclass
class _Suppressor:
    alarm: str
    waiting: Suppression[Change]


_suppressors: dict[Key, _Suppressor] = {}


def install(emulator: Emulator) -> None:
    """Perform the actions of alarms, at once or when no suppressor holds them back any more."""
    patches.replace(cloudwatch, "_dispatch_alarm_actions", "(alarm, old_state, new_state, reason)", _dispatch)
    patches.replace(cloudwatch, "_put_composite_alarm", "(params, cbor_data, is_cbor, is_json=False)", _put_composite)
    emulator.timetable.add(_next_end, lambda: None)
    emulator.timetable.watch(_perform_waiting)


def _dispatch(_: Callable[..., None], alarm: dict[str, Any], old_state: str, new_state: str, reason: str) -> None:
    change = Change(
        alarm=alarm,
        old=old_state,
        new=new_state,
        reason=reason,
        account=get_account_id(),
        region_name=_region_name(get_region()),
        timestamp=clock.now(),
        children=_children(alarm),
    )
    _tell_event_bus(change)
    suppressor = _suppressors.get(_key(alarm["AlarmName"]))
    if suppressor is None:
        _perform(change)
    else:
        suppressor.waiting.changed(old_state, new_state, change, clock.now())
        _look(suppressor)


def _perform(change: Change) -> None:
    alarm = change.alarm
    if not alarm.get("ActionsEnabled", True):
        return
    for action in alarm.get(_ACTIONS[change.new]) or []:
        if not action.startswith("arn:aws:sns:"):
            _logger.warning("The local cloud does not perform the action %s of an alarm.", action)
        elif topics.may_publish(action, _SERVICE, alarm["AlarmArn"]):
            _fanout(action, new_uuid(), change.message, change.subject)


def _tell_event_bus(change: Change) -> None:
    """Send the event which CloudWatch sends for every change, whatever the alarm's actions are."""
    detail = {
        "alarmName": change.alarm["AlarmName"],
        "state": {"value": change.new, "reason": change.reason, "timestamp": clock.iso(change.timestamp)},
        "previousState": {"value": change.old},
        "configuration": {"description": change.alarm.get("AlarmDescription") or ""},
    }
    entry = {
        "Source": "aws.cloudwatch",
        "DetailType": "CloudWatch Alarm State Change",
        "Detail": json.dumps(detail),
        "Resources": [change.alarm["AlarmArn"]],
    }
    _put_events({"Entries": [entry]}, allow_aws_source=True)


def _children(alarm: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """Return the alarms that caused the change of a composite one."""
    arns = [each["arn"] for each in json.loads(alarm.get("StateReasonData") or "{}").get("triggeringAlarms", [])]
    known = [*cloudwatch._alarms.values(), *cloudwatch._composite_alarms.values()]
    return tuple(child for arn in arns for child in known if child["AlarmArn"] == arn)


def _put_composite(original: Callable[..., Answer], params: Any, data: dict[str, Any], *protocol: Any) -> Answer:
    key = _key(data.get("AlarmName", ""))
    before = _suppressors.pop(key, None)
    if data.get("ActionsSuppressor"):
        wait, extension = (float(data.get(name) or 0) for name in _SUPPRESSOR[1:])
        _suppressors[key] = _Suppressor(data["ActionsSuppressor"], Suppression(wait, extension))
    answer = original(params, data, *protocol)
    if answer[0] == _OK:
        fields = {name: data[name] for name in _SUPPRESSOR if data.get(name) is not None}
        cloudwatch._composite_alarms[data["AlarmName"]] |= fields
    elif before is not None:
        _suppressors[key] = before
    return answer


_OK = 200


def _perform_waiting() -> None:
    for key, suppressor in list(_suppressors.items()):
        account, region, name = key
        with request_scope(account, region):
            if name in cloudwatch._composite_alarms:
                _look(suppressor)
            else:
                del _suppressors[key]


def _look(suppressor: _Suppressor) -> None:
    suppressing = _state_of(suppressor.alarm) == "ALARM"
    change = suppressor.waiting.look(suppressing=suppressing, now=clock.now())
    if change is not None:
        _perform(change)


def _next_end() -> float | None:
    return min((each.waiting.until for each in list(_suppressors.values()) if each.waiting.until), default=None)


def _key(name: str) -> Key:
    return get_account_id(), get_region(), name


@functools.cache
def _region_name(region: str) -> str:
    """Return what people call a region, as the SDK's own list has it."""
    partition = Loader().load_data("endpoints")["partitions"][0]
    return str(partition["regions"].get(region, {}).get("description", region))

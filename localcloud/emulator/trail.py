"""CloudTrail's part: where a recorded event goes.

Every management event appears in the event history (LookupEvents). EventBridge and the log group of a trail see it only
while a trail is logging: "To record events with one of the CloudTrail detail-type values, you must enable a CloudTrail
trail with logging" (EventBridge User Guide, "AWS service events delivered via AWS CloudTrail").
"""

from __future__ import annotations

import json
import logging
import uuid
from dataclasses import dataclass
from typing import Any

from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import cloudtrail, cloudwatch_logs, eventbridge

from localcloud.emulator import clock, patches

Event = dict[str, Any]

_DETAIL_TYPES = {"AwsApiCall": "AWS API Call via CloudTrail", "AwsServiceEvent": "AWS Service Event via CloudTrail"}

_logger = logging.getLogger("localcloud.trail")
_history = patches.expect(cloudtrail, "_get_event_queue", "()")
_trails = patches.expect(cloudtrail, "_visible_trail_items", "(*, include_shadow_trails=True)")
_selectors = patches.expect(cloudtrail, "_get_event_selectors", "(body)")
_put_events = patches.expect(eventbridge, "_put_events", "(data, allow_aws_source=False)")
_create_log_stream = patches.expect(cloudwatch_logs, "_create_log_stream", "(data)")
_put_log_events = patches.expect(cloudwatch_logs, "_put_log_events", "(data)")


def new_event(**fields: Any) -> Event:
    """Return an event with what every record of CloudTrail has; `fields` add to that."""
    return {
        "eventVersion": "1.11",
        "eventTime": clock.iso(clock.now()),
        "awsRegion": get_region(),
        **new_identity(),
        "recipientAccountId": get_account_id(),
        "managementEvent": True,
        "eventCategory": "Management",
        "requestParameters": None,
        "responseElements": None,
        **fields,
    }


def new_identity() -> dict[str, str]:
    """Return the id of an event that is a record of its own."""
    return {"eventID": str(uuid.uuid4())}


@dataclass(frozen=True)
class Listener:
    """A trail that is logging.

    :param log_group: the ARN of its log group, if it has one.
    :param selectors: the answer of GetEventSelectors.
    """

    log_group: str | None
    selectors: dict[str, Any]

    def wants(self, event: Event) -> bool:
        """Whether the trail's selectors include a management event."""
        kinds = {"All", "ReadOnly" if event["readOnly"] else "WriteOnly"}
        return any(
            selector.get("IncludeManagementEvents", True)
            and selector.get("ReadWriteType", "All") in kinds
            and event["eventSource"] not in selector.get("ExcludeManagementEventSources", [])
            for selector in self.selectors.get("EventSelectors", [])
        ) or _selected(self.selectors.get("AdvancedEventSelectors", []), event)


def listeners() -> list[Listener]:
    """Return the trails of this account and region that are logging."""
    return [
        Listener(trail.get("CloudWatchLogsLogGroupArn"), json.loads(_selectors({"TrailName": trail["TrailARN"]})[2]))
        for _, _, trail in _trails()
        if trail.get("IsLogging")
    ]


def record(event: Event, before: list[Listener] | None = None) -> None:
    """Keep a management event and hand it to whoever listens; a listener's failure never reaches the caller.

    :param before: who listened before the call, for the one that stops a trail is still told; whoever listens now.
    """
    try:
        _history().append(_history_entry(event))
        wanting = [listener for listener in listeners() or before or [] if listener.wants(event)]
        for listener in wanting:
            _write_to_log_group(listener.log_group, event)
        if wanting:
            _send_to_event_bus(event)
    except Exception:
        _logger.exception("The event %s could not be delivered.", event["eventName"])


def _history_entry(event: Event) -> dict[str, Any]:
    identity = event["userIdentity"]
    return {
        "EventId": event["eventID"],
        "EventName": event["eventName"],
        "EventSource": event["eventSource"],
        "EventTime": clock.now(),
        "Username": _username(identity),
        "AccessKeyId": identity.get("accessKeyId", ""),
        "ReadOnly": str(event["readOnly"]).lower(),
        "Resources": _resources(event),
        "CloudTrailEvent": json.dumps(event),
    }


def _username(identity: dict[str, Any]) -> str:
    if identity.get("type") == "Root":
        return "root"
    return str(identity.get("arn", identity.get("invokedBy", "")).rsplit("/", 1)[-1])


def _resources(event: Event) -> list[dict[str, str]]:
    named = (event["requestParameters"] or {}).get("secretId") or event.get("additionalEventData", {}).get("SecretId")
    return [{"ResourceType": "AWS::SecretsManager::Secret", "ResourceName": named}] if named else []


def _selected(selectors: list[dict[str, Any]], event: Event) -> bool:
    values = {"eventCategory": "Management", "readOnly": str(event["readOnly"]).lower(), **event}
    return any(
        all(
            values.get(field["Field"]) in field.get("Equals", [values.get(field["Field"])])
            and values.get(field["Field"]) not in field.get("NotEquals", [])
            for field in selector["FieldSelectors"]
        )
        for selector in selectors
    )


def _write_to_log_group(arn: str | None, event: Event) -> None:
    if not arn:
        return
    _, _, _, home, account, _, group, *_ = arn.split(":")
    place = {"logGroupName": group, "logStreamName": f"{account}_CloudTrail_{home}"}
    message = {"timestamp": int(clock.now() * 1000), "message": json.dumps(event)}
    with request_scope(account, home):  # a trail of all regions has its log group in one of them
        _create_log_stream(place)  # answers an error when it exists: fine
        _put_log_events({**place, "logEvents": [message]})


def _send_to_event_bus(event: Event) -> None:
    entry = {
        "Source": f"aws.{event['eventSource'].removesuffix('.amazonaws.com')}",
        "DetailType": _DETAIL_TYPES[event["eventType"]],
        "Detail": json.dumps(event),
    }
    _put_events({"Entries": [entry]}, allow_aws_source=True)

"""What RDS tells about reboots and fail-overs: DescribeEvents has it, and who subscribed to its category.

ministack records the end of a reboot, and tells nobody. Source: "Amazon RDS event categories and event messages" in the
RDS User Guide, and for the notification "Using AWS Lambda with Amazon RDS" in Lambda's developer guide. RDS's other
events are not played.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ministack.core.responses import get_region, new_uuid
from ministack.services import rds, sns

from localcloud.emulator import clock, patches
from localcloud.emulator.hooks import event_subscriptions, topics

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.emulator.emulator import Emulator

_SERVICE = "events.rds.amazonaws.com"
_SOURCE = "db-instance"
_KEPT_SECONDS = 14 * 86_400  # "DescribeEvents" in the API reference
_SUBJECT = "RDS Notification Message"
_MANUAL = "http://docs.amazonwebservices.com/AmazonRDS/latest/UserGuide/USER_Events.html"

_fanout = patches.expect(
    sns,
    "_fanout",
    "(topic_arn, msg_id, message, subject, message_structure='', message_attributes=None, message_group_id='', "
    "message_dedup_id='')",
)


@dataclass(frozen=True)
class ServerEvent:
    """Something that RDS tells about an instance.

    :param number: which identifies it, such as RDS-EVENT-0006.
    """

    number: str
    category: str
    message: str

    def tell(self, instance: dict[str, Any]) -> None:
        """Record it, and tell those who subscribed to it."""
        name, arn, now = instance["DBInstanceIdentifier"], instance["DBInstanceArn"], clock.now()
        about = {"SourceIdentifier": name, "SourceType": _SOURCE, "SourceArn": arn}
        event = {**about, "Message": self.message, "Date": now, "EventCategories": [self.category]}
        with rds._shared_container_lock:
            for key in [key for key, told in rds._events.items() if told["Date"] < now - _KEPT_SECONDS]:
                del rds._events[key]
            rds._events[new_uuid()] = event
        notification = {
            "Event Source": _SOURCE,
            "Event Time": clock.utc(now).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3],
            "Identifier Link": f"https://console.aws.amazon.com/rds/home?region={get_region()}#dbinstance:id={name}",
            "Source ID": name,
            "Source ARN": arn,
            "Event ID": f"{_MANUAL}#{self.number}",
            "Event Message": self.message,
        }
        for topic in event_subscriptions.topics_for(_SOURCE, name, self.category):
            if topics.may_publish(topic, _SERVICE, arn):
                _fanout(topic, new_uuid(), json.dumps(notification), _SUBJECT)


FAILOVER_STARTED = ServerEvent("RDS-EVENT-0013", "failover", "Multi-AZ instance failover started.")
FAILOVER_COMPLETED = ServerEvent("RDS-EVENT-0049", "failover", "Multi-AZ instance failover completed")
_RESTARTED = ServerEvent("RDS-EVENT-0006", "availability", "DB instance restarted")


def install(_: Emulator) -> None:
    """Tell of restarts in our words."""
    patches.require(rds, "_events")
    patches.require(rds, "_shared_container_lock")
    patches.replace(rds, "_record_reboot_event", "(instance)", _tell_of_restart)


def _tell_of_restart(_original: Callable[..., None], instance: dict[str, Any]) -> None:
    _RESTARTED.tell(instance)
    if instance.pop("_FailingOver", False):
        FAILOVER_COMPLETED.tell(instance)

"""`AWS::RDS::EventSubscription` and DescribeEventSubscriptions, which ministack lacks.

Ref is the subscription's name (CloudFormation's resource reference). RDS refuses a source that does not exist and a
topic that it may not publish to (errors of CreateEventSubscription): that takes the topic's default policy or a
statement for events.rds.amazonaws.com ("Granting permissions to publish notifications to an Amazon SNS topic", RDS User
Guide), and the key policy's permission when the topic is encrypted. `server_events` tells what happens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region
from ministack.services import rds
from ministack.services.cloudformation import provisioners

from localcloud.emulator import patches
from localcloud.emulator.hooks import cloudformation, topics
from localcloud.emulator.hooks.cloudformation import ResourceType

if TYPE_CHECKING:
    from localcloud.emulator.answers import Answer
    from localcloud.emulator.emulator import Emulator
    from localcloud.emulator.hooks.cloudformation import Created, Properties

_SERVICE = "events.rds.amazonaws.com"
_SOURCES = {"db-instance": ("db", "_instances"), "db-cluster": ("cluster", "_clusters")}

_LISTS = {"SourceIdsList": "SourceId", "EventCategoriesList": "EventCategory"}

_xml = patches.expect(rds, "_xml", "(status, root_tag, inner)")
_error = patches.expect(rds, "_error", "(code, message, status)")
_parameter = patches.expect(rds, "_p", "(params, key, default='')")

_subscriptions = AccountRegionScopedDict()


def install(_: Emulator) -> None:
    """Add type and operation."""
    patches.require(rds, "_ACTION_MAP", "_instances", "_clusters")
    kind = ResourceType(
        create=_create,
        update=lambda physical_id, _old, new: _record(physical_id, new),
        delete=lambda physical_id, _: _subscriptions.pop(physical_id, None),
        replaced_by=("SnsTopicArn", "SubscriptionName"),
    )
    cloudformation.add("AWS::RDS::EventSubscription", kind)
    rds._ACTION_MAP["DescribeEventSubscriptions"] = _describe


def topics_for(source_type: str, source: str, category: str) -> list[str]:
    """Return the topics that are to hear of an event; a subscription that leaves something out means all of it."""
    return [
        record["SnsTopicArn"]
        for record in _subscriptions.values()
        if record["Enabled"] == "true"
        and record["SourceType"] in ("", source_type)
        and (not record["SourceIdsList"] or source in record["SourceIdsList"])
        and (not record["EventCategoriesList"] or category in record["EventCategoriesList"])
    ]


def _create(logical_id: str, properties: Properties, stack_name: str) -> Created:
    name = properties.get("SubscriptionName") or cloudformation.physical_name(
        stack_name, logical_id, lowercase=True, max_len=255
    )
    if name in _subscriptions:
        raise ValueError(f"SubscriptionAlreadyExist: an event subscription {name} exists already.")
    return _record(name, properties)


def _record(name: str, properties: Properties) -> Created:
    arn = f"arn:aws:rds:{get_region()}:{get_account_id()}:es:{name}"
    for source in _sources(properties) or [arn]:
        if not topics.may_publish(properties["SnsTopicArn"], _SERVICE, source):
            raise ValueError(
                f"SNSNoAuthorization: RDS may not publish to {properties['SnsTopicArn']}: admit {_SERVICE} in the "
                "topic's policy, and in its key's."
            )
    _subscriptions[name] = {
        "CustSubscriptionId": name,
        "EventSubscriptionArn": arn,
        "SnsTopicArn": properties["SnsTopicArn"],
        "Status": "active",
        "Enabled": str(provisioners._cfn_bool(properties.get("Enabled", True))).lower(),
        "SourceType": properties.get("SourceType", ""),
        "SourceIdsList": list(properties.get("SourceIds") or []),
        "EventCategoriesList": list(properties.get("EventCategories") or []),
    }
    return name, {}


def _sources(properties: Properties) -> list[str]:
    """Return the ARNs of the sources which a subscription names."""
    kind, table = _SOURCES.get(properties.get("SourceType", ""), ("", ""))
    names = properties.get("SourceIds") or []
    for name in names if table else ():
        if name not in getattr(rds, table):
            raise ValueError(f"SourceNotFound: the {properties['SourceType']} {name!r} does not exist.")
    return [f"arn:aws:rds:{get_region()}:{get_account_id()}:{kind}:{name}" for name in names if kind]


def _describe(p: dict[str, Any]) -> Answer:
    name = _parameter(p, "SubscriptionName")
    if name and name not in _subscriptions:
        return _error("SubscriptionNotFound", f"Subscription {name} not found.", 404)  # type: ignore[no-any-return]
    found = [_subscriptions[name]] if name else list(_subscriptions.values())
    members = "".join(f"<EventSubscription>{_members(record)}</EventSubscription>" for record in found)
    result = f"<EventSubscriptionsList>{members}</EventSubscriptionsList>"
    inner = f"<DescribeEventSubscriptionsResult>{result}</DescribeEventSubscriptionsResult>"
    return _xml(200, "DescribeEventSubscriptionsResponse", inner)  # type: ignore[no-any-return]


def _members(record: dict[str, Any]) -> str:
    return "".join(f"<{key}>{_content(key, value)}</{key}>" for key, value in record.items())


def _content(key: str, value: Any) -> str:
    if isinstance(value, str):
        return escape(value)
    member = _LISTS[key]
    return "".join(f"<{member}>{escape(each)}</{member}>" for each in value)

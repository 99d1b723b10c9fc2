"""`AWS::RDS::EventSubscription`, which ministack lacks.

RDS refuses a subscription to a topic that it may not publish to (SNSNoAuthorization, "CreateEventSubscription" in the
RDS API reference): so does this. Servers here have no events of their own, so that nothing arrives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack.core.responses import get_account_id, get_region

from localcloud.emulator.hooks import cloudformation, topics
from localcloud.emulator.hooks.cloudformation import ResourceType

if TYPE_CHECKING:
    from localcloud.emulator.emulator import Emulator
    from localcloud.emulator.hooks.cloudformation import Created, Properties

_KIND = "AWS::RDS::EventSubscription"
_SERVICE = "events.rds.amazonaws.com"
# How ARNs name what a subscription's SourceType names.
_RESOURCES = {"db-instance": "db", "db-cluster": "cluster", "db-parameter-group": "pg"}


def install(_: Emulator) -> None:
    """Add the type."""
    cloudformation.add(
        _KIND,
        ResourceType(
            create=_create,
            update=_update,
            delete=lambda _physical_id, _properties: None,
            replaced_by=("SnsTopicArn", "SubscriptionName"),
        ),
    )


def _create(logical_id: str, properties: Properties, stack: str) -> Created:
    _check(properties)
    name = properties.get("SubscriptionName") or cloudformation.physical_name(stack, logical_id, lowercase=True)
    return name, {}


def _update(physical_id: str, _old: Properties, new: Properties) -> Created:
    _check(new)
    return physical_id, {}


def _check(properties: Properties) -> None:
    topic, kind = properties["SnsTopicArn"], _RESOURCES[properties["SourceType"]]
    for identifier in properties["SourceIds"]:
        source = f"arn:aws:rds:{get_region()}:{get_account_id()}:{kind}:{identifier}"
        if not topics.may_publish(topic, _SERVICE, source):
            raise ValueError(f"SNSNoAuthorization: You do not have permission to publish to the SNS topic ARN {topic}.")

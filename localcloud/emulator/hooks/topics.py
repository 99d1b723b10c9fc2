"""Whether an AWS service may publish to an SNS topic.

AWS: EventBridge needs the topic policy's permission ("Using resource-based policies for Amazon EventBridge"), and both
EventBridge and CloudWatch need the key policy's when the topic is encrypted ("Enable compatibility between event
sources from AWS services and encrypted topics", SNS Developer Guide). Conditions on the source are supported for
CloudWatch and RDS, and neither in the topic's nor in the key's policy for EventBridge (the same pages). Without a
permission the message is lost and nothing reports it. ministack delivers always and forgets a topic's key.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from ministack.services import eventbridge, kms, sns
from ministack.services.cloudformation import provisioners

from localcloud.emulator import patches, service_access

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.emulator.emulator import Emulator
    from localcloud.emulator.hooks.cloudformation import Created, Properties

_logger = logging.getLogger("localcloud.topics")

_policy_of = patches.expect(sns, "topic_policy_for_arn", "(topic_arn)")
_key_of = patches.expect(kms, "_resolve_key", "(key_id_or_arn)")

_CLOUDWATCH = "cloudwatch.amazonaws.com"
_EVENTS = "events.amazonaws.com"
_RDS = "events.rds.amazonaws.com"
_DEFAULT_POLICY = "__default_policy_ID"  # admits the owner's account, as which CloudWatch and RDS publish


def install(_: Emulator) -> None:
    """Ask topic and key before a service publishes."""
    patches.require(sns, "_topics")
    update_signature = "(physical_id, old_props, new_props, stack_name, logical_id=None)"
    patches.replace(provisioners, "_sns_create", "(logical_id, props, stack_name)", _create)
    patches.replace(provisioners, "_sns_update", update_signature, _update)
    for operation in ("create", "update"):
        provisioners._RESOURCE_HANDLERS["AWS::SNS::Topic"][operation] = getattr(provisioners, f"_sns_{operation}")
    patches.replace(eventbridge, "_invoke_target", "(target, event, rule, view=None)", _invoke_target)


def _create(original: Callable[..., Created], logical_id: str, props: Properties, stack_name: str) -> Created:
    arn, attributes = original(logical_id, props, stack_name)
    _remember_key(arn, props)
    return arn, attributes


def _update(
    original: Callable[..., Created], physical_id: str, old: Properties, new: Properties, *names: Any
) -> Created:
    arn, attributes = original(physical_id, old, new, *names)
    _remember_key(arn, new)
    return arn, attributes


def _remember_key(topic_arn: str, props: Properties) -> None:
    sns._topics[topic_arn]["attributes"].pop("KmsMasterKeyId", None)
    if props.get("KmsMasterKeyId"):
        sns._topics[topic_arn]["attributes"]["KmsMasterKeyId"] = props["KmsMasterKeyId"]


def _invoke_target(
    original: Callable[..., None], target: dict[str, Any], event: Any, rule: dict[str, Any], view: Any = None
) -> None:
    if may_publish(target["Arn"], _EVENTS, rule["Arn"]):
        original(target, event, rule, view)


def may_publish(target_arn: str, service: str, source_arn: str) -> bool:
    """Whether topic policy and key policy admit a service; True for targets that are no topics.

    :param source_arn: the resource on whose behalf it publishes.
    """
    if not target_arn.startswith("arn:aws:sns:"):
        return True
    policy = _policy_of(target_arn)
    if policy is None:
        return False
    attributes = sns._topics[target_arn]["attributes"]
    admitted = _topic_admits(policy[0], target_arn, service, source_arn) and _key_admits(
        attributes.get("KmsMasterKeyId"), service, source_arn
    )
    if not admitted:
        _logger.warning("%s may not publish to %s: its policy or its key's does not admit it.", service, target_arn)
    return admitted


def _topic_admits(policy: str, topic_arn: str, service: str, source_arn: str) -> bool:
    if json.loads(policy or "{}").get("Id") == _DEFAULT_POLICY:
        return service in (_CLOUDWATCH, _RDS)
    return service_access.admits(policy, service, "sns:Publish", topic_arn, _source_context(service, source_arn))


def _key_admits(key_id: str | None, service: str, source_arn: str) -> bool:
    if not key_id:
        return True
    key = _key_of(key_id)
    return key is not None and all(
        service_access.admits(key["Policy"], service, action, key["Arn"], _source_context(service, source_arn))
        for action in ("kms:Decrypt", "kms:GenerateDataKey")
    )


def _source_context(service: str, source_arn: str) -> dict[str, str]:
    """Return what policies may be conditioned on; for EventBridge AWS supports nothing, and no condition holds."""
    if service == _EVENTS:
        return {}
    return service_access.on_behalf_of(source_arn)

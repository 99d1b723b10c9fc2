"""What a rule's target receives, and which rules and targets EventBridge refuses.

ministack's input paths know no array indices (`$.detail.resources[0].ARN`), and it accepts what AWS does not: patterns
of more than 2,048 characters, more than five targets, and templates that are too long or name a variable which the map
of paths lacks ("Amazon EventBridge quotas"; API reference of InputTransformer). Its CloudFormation writes rules past
those checks.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ministack.services import eventbridge
from ministack.services.cloudformation import provisioners

from localcloud.emulator import clock, patches
from localcloud.emulator.answers import Answer, ServiceError, content_of
from localcloud.emulator.hooks import cloudformation

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.emulator.emulator import Emulator
    from localcloud.emulator.hooks.cloudformation import Created, Properties

_PATTERN_LENGTH = 2048
_TARGETS = 5
_TEMPLATE_LENGTH = 8192
_PATHS = 100

_STEP = re.compile(r"\.([\w-]+)|\[(\d+)\]|\['([^']+)'\]")
_PLACEHOLDER = re.compile(r"<([^<>]*)>")
_RESERVED = "aws.events."

_render = patches.expect(eventbridge, "_render_input_template", "(template, replacements)")
_ensure_bus = patches.expect(eventbridge, "_ensure_default_bus", "()")
_rule_key = patches.expect(eventbridge, "_rule_key", "(rule_name, bus_name)")


def install(_: Emulator) -> None:
    """Correct templates, and check rules and targets wherever they come from."""
    patches.require(eventbridge, "_targets", "_rules")
    patches.replace(eventbridge, "_apply_input_transformer", "(transformer, rule, view)", _transform)
    patches.replace(eventbridge, "_put_rule", "(data)", _put_rule)
    patches.replace(eventbridge, "_put_targets", "(data)", _put_targets)
    cloudformation.wrap("AWS::Events::Rule", "create", "(logical_id, props, stack_name)", _create)


def _transform(_: Callable[..., str], transformer: dict[str, Any], rule: dict[str, Any], view: Any) -> str:
    event = view.event_with_detail()
    values = {name: value_at(event, path) for name, path in (transformer.get("InputPathsMap") or {}).items()}
    reserved = {
        "aws.events.event.json": event,
        "aws.events.event": view.envelope(),
        "aws.events.event.ingestion-time": clock.iso(clock.now()),
        "aws.events.rule-name": rule["Name"],
        "aws.events.rule-arn": rule["Arn"],
    }
    return str(_render(transformer.get("InputTemplate", ""), values | reserved))


def value_at(event: Any, path: str) -> Any:
    """Return what a JSON path such as `$.detail.resources[0].ARN` leads to; an empty text when there is nothing."""
    value = event
    for match in _STEP.finditer(path.removeprefix("$")):
        try:
            value = value[int(match[2])] if match[2] else value[match[1] or match[3]]
        except (KeyError, IndexError, TypeError):
            return ""
    return value


def _put_rule(original: Callable[..., Answer], data: dict[str, Any]) -> Answer:
    if len(data.get("EventPattern") or "") > _PATTERN_LENGTH:
        return ServiceError("LimitExceededException", f"EventPattern is longer than {_PATTERN_LENGTH}.").answer()
    return original(data)


def _put_targets(original: Callable[..., Answer], data: dict[str, Any]) -> Answer:
    try:
        _check_count(data)
        for target in data.get("Targets") or []:
            _check_template(target)
    except ServiceError as error:
        return error.answer()
    return original(data)


def _check_count(data: dict[str, Any]) -> None:
    key = _rule_key(data.get("Rule"), data.get("EventBusName", "default"))
    targets = [*(eventbridge._targets.get(key) or []), *(data.get("Targets") or [])]
    if len({target["Id"] for target in targets}) > _TARGETS:
        raise ServiceError("LimitExceededException", f"The rule has more than {_TARGETS} targets.")


def _check_template(target: dict[str, Any]) -> None:
    transformer = target.get("InputTransformer")
    if transformer is None:
        return
    template, paths = transformer.get("InputTemplate") or "", transformer.get("InputPathsMap") or {}
    unknown = {name for name in _PLACEHOLDER.findall(template) if name not in paths and not name.startswith(_RESERVED)}
    if not template or len(template) > _TEMPLATE_LENGTH or len(paths) > _PATHS:
        raise _invalid(target, f"it needs 1 to {_TEMPLATE_LENGTH} characters, and at most {_PATHS} paths.")
    if unknown:
        raise _invalid(target, f"it names {sorted(unknown)}, which InputPathsMap lacks.")


def _invalid(target: dict[str, Any], reason: str) -> ServiceError:
    return ServiceError("ValidationException", f"Invalid InputTemplate for target {target['Id']}: {reason}")


def _create(original: Callable[..., Created], logical_id: str, props: Properties, stack_name: str) -> Created:
    """Create a rule by the calls that CloudFormation makes, so that their checks apply."""
    name, attributes = original(logical_id, {**props, "Targets": []}, stack_name)
    pattern = props.get("EventPattern") or ""
    rule: dict[str, Any] = {
        "Name": name,
        **{key: props[key] for key in ("Description", "RoleArn", "ScheduleExpression", "State") if key in props},
        "EventBusName": provisioners._eb_rule_bus_name(props),
        "EventPattern": json.dumps(pattern) if isinstance(pattern, dict) else pattern,
    }
    _ensure_bus()
    try:
        content_of(eventbridge._put_rule(rule))
        if props.get("Targets"):
            targets = {"Rule": name, "EventBusName": rule["EventBusName"], "Targets": props["Targets"]}
            content_of(eventbridge._put_targets(targets))
    except ServiceError:
        provisioners._eb_rule_delete(name, props)
        raise
    return name, attributes

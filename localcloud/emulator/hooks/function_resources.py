"""Properties of functions that CloudFormation makes, which ministack forgets.

Reserved concurrency, without which a template that reserves none for a function, so as to stop it, would go unnoticed;
the queue or topic for events that failed, which ministack serves for functions made by the API; the network and the key
of the environment variables, which are recorded alone. Source: `AWS::Lambda::Function` in the resource reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.services import lambda_svc

from localcloud.emulator import patches
from localcloud.emulator.hooks import cloudformation

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.emulator.emulator import Emulator
    from localcloud.emulator.hooks.cloudformation import Created, Properties

_KIND = "AWS::Lambda::Function"

patches.require(lambda_svc, "_functions")


def install(_: Emulator) -> None:
    """Record what templates say."""
    update_signature = "(physical_id, old_props, new_props, stack_name, logical_id=None)"
    cloudformation.wrap(_KIND, "create", "(logical_id, props, stack_name)", _create)
    cloudformation.wrap(_KIND, "update", update_signature, _update)


def _create(original: Callable[..., Created], logical_id: str, props: Properties, stack_name: str) -> Created:
    return _record(original(logical_id, props, stack_name), props)


def _update(
    original: Callable[..., Created], physical_id: str, old: Properties, new: Properties, *names: Any
) -> Created:
    return _record(original(physical_id, old, new, *names), new)


def _record(function: Created, props: Properties) -> Created:
    record, reserved = lambda_svc._functions[function[0]], props.get("ReservedConcurrentExecutions")
    record["concurrency"] = None if reserved is None else int(reserved)
    network = props.get("VpcConfig") or {}
    record["config"] |= {
        "KMSKeyArn": props.get("KmsKeyArn", ""),
        "VpcConfig": {key: network.get(key) or [] for key in ("SubnetIds", "SecurityGroupIds")},
    }
    record["config"].pop("DeadLetterConfig", None)
    if props.get("DeadLetterConfig"):
        record["config"]["DeadLetterConfig"] = props["DeadLetterConfig"]
    return function

"""The reserved concurrency of functions that CloudFormation makes, which ministack forgets.

Without it a template that reserves none for a function, so as to stop it, would go unnoticed. Source:
`AWS::Lambda::Function` in CloudFormation's resource reference.
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
    """Reserve what templates say."""
    update_signature = "(physical_id, old_props, new_props, stack_name, logical_id=None)"
    cloudformation.wrap(_KIND, "create", "(logical_id, props, stack_name)", _create)
    cloudformation.wrap(_KIND, "update", update_signature, _update)


def _create(original: Callable[..., Created], logical_id: str, props: Properties, stack_name: str) -> Created:
    return _reserve(original(logical_id, props, stack_name), props)


def _update(
    original: Callable[..., Created], physical_id: str, old: Properties, new: Properties, *names: Any
) -> Created:
    return _reserve(original(physical_id, old, new, *names), new)


def _reserve(function: Created, props: Properties) -> Created:
    reserved = props.get("ReservedConcurrentExecutions")
    lambda_svc._functions[function[0]]["concurrency"] = None if reserved is None else int(reserved)
    return function

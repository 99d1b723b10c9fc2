"""DescribeStackResources by a resource: which stack made it, and what else that stack made.

AWS takes a PhysicalResourceId in place of a stack's name (API reference of CloudFormation); ministack ignores it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.services import cloudformation

from localcloud.emulator import patches

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.emulator.answers import Answer
    from localcloud.emulator.emulator import Emulator

_ACTION = "DescribeStackResources"


def install(_: Emulator) -> None:
    """Look for the stack before ministack does."""
    patches.require(cloudformation, "_ACTION_HANDLERS", "_stacks")
    original: Callable[[dict[str, Any]], Answer] = cloudformation._ACTION_HANDLERS[_ACTION]

    def describe(params: dict[str, Any]) -> Answer:
        wanted = params.get("PhysicalResourceId")
        if not wanted:
            return original(params)
        resource_id = wanted[0] if isinstance(wanted, list) else wanted
        return original({**params, "StackName": [_stack_of(resource_id)]})

    cloudformation._ACTION_HANDLERS[_ACTION] = describe


def _stack_of(resource_id: str) -> str:
    """Return the name of the stack that made a resource; what no stack made is refused by that name, as by AWS."""
    for name, stack in cloudformation._stacks.items():
        deleted = str(stack.get("StackStatus", "")).startswith("DELETE_COMPLETE")
        resources = stack.get("_resources", {}).values()
        if not deleted and any(resource.get("PhysicalResourceId") == resource_id for resource in resources):
            return str(stack.get("StackName", name))
    return resource_id

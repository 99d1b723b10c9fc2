"""What CloudFormation leaves alone when a stack cannot be deleted completely.

AWS deletes a resource only after everything that depends on it is gone. ministack goes on after a failed deletion, so
that the secret of a protected database would be lost while the database stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.services.cloudformation import _stacks, stacks

from localcloud.emulator import patches

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.emulator.emulator import Emulator

_needed_by = patches.expect(stacks, "_with_dependencies", "(logical_ids, res_defs, remaining)")


def install(_: Emulator) -> None:
    """Keep what a resource that stays depends on."""
    signature = "(resource_type, physical_id, props, stack_name=None, logical_id=None)"
    patches.replace(stacks, "_delete_resource", signature, _delete_resource)


def _delete_resource(original: Callable[..., None], *resource: Any) -> None:
    _type, _physical_id, _props, stack_name, logical_id = resource
    stack = _stacks.get(stack_name) or {}
    if stack.get("StackStatus") == "DELETE_IN_PROGRESS":
        _refuse_needed(stack, logical_id)
    original(*resource)


def _refuse_needed(stack: dict[str, Any], logical_id: str) -> None:
    resources, definitions = stack["_resources"], stack["_template"]["Resources"]
    for other, resource in resources.items():
        failed = resource.get("ResourceStatus") == "DELETE_FAILED" and other != logical_id
        # Dependents are deleted first, so that one which is still here has failed in this very deletion.
        if failed and logical_id in _needed_by([other], definitions, set(resources)):
            raise ValueError(f"{logical_id} is kept, for {other} needs it and was not deleted.")

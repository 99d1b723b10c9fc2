"""Resource types that ministack's CloudFormation lacks; used by the hooks of the services.

ministack runs `create` again for a type without `update`, and refuses to delete a type without `delete`, so that every
type here has all three. A type that is in neither table stays an error which names it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ministack.services.cloudformation import provisioners, stacks

from localcloud.emulator import patches

if TYPE_CHECKING:
    from collections.abc import Callable

    Properties = dict[str, Any]
    Created = tuple[str, dict[str, Any]]

physical_name = patches.expect(
    provisioners, "_physical_name", "(stack_name, logical_id, *, lowercase=False, max_len=128, seeded=True)"
)
patches.require(provisioners, "_RESOURCE_HANDLERS", "_REPLACING_PROPERTIES")
_threaded: set[str] = set()


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """How CloudFormation makes, changes and removes resources of a type.

    :param create: (logical id, properties, stack name) to physical id and attributes.
    :param update: (physical id, old properties, new properties) to physical id and attributes.
    :param delete: (physical id, properties); a resource that is gone already is no error.
    :param replaced_by: properties whose change makes a new resource, as the resource reference says.
    """

    create: Callable[[str, Properties, str], Created]
    update: Callable[[str, Properties, Properties], Created]
    delete: Callable[[str, Properties], None]
    replaced_by: tuple[str, ...] = ()


def add(name: str, kind: ResourceType) -> None:
    """Add a type that ministack lacks."""

    def update(physical_id: str, old: Properties, new: Properties, _stack_name: str) -> Created:
        return kind.update(physical_id, old, new)

    provisioners._RESOURCE_HANDLERS[name] = {"create": kind.create, "update": update, "delete": kind.delete}
    provisioners._REPLACING_PROPERTIES[name] = kind.replaced_by


def wrap(name: str, operation: str, signature: str, replacement: Callable[..., Any]) -> None:
    """Replace one operation of a type which ministack has; see `patches.replace`."""
    handler = dict(provisioners._RESOURCE_HANDLERS[name])
    patches.replace(provisioners, handler[operation].__name__, signature, replacement)
    handler[operation] = getattr(provisioners, handler[operation].__name__)
    provisioners._RESOURCE_HANDLERS[name] = handler


def run_in_thread(name: str) -> None:
    """Keep the operations of a type, which take long, off the gateway's event loop."""
    if not _threaded:
        patches.replace(stacks, "_runs_on_worker_thread", "(resource_type)", _runs_on_worker_thread)
    _threaded.add(name)


def _runs_on_worker_thread(original: Callable[[str], bool], resource_type: str) -> bool:
    return resource_type in _threaded or original(resource_type)

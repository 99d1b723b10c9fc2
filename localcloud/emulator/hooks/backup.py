"""`AWS::Backup::BackupSelection`, which ministack's CloudFormation lacks; it has vaults and plans.

Ref is the selection's id joined with its plan's, and every property replaces it (CloudFormation's resource reference).
Nothing is backed up here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack.services import backup

from localcloud.emulator import patches
from localcloud.emulator.answers import document_of
from localcloud.emulator.hooks import cloudformation
from localcloud.emulator.hooks.cloudformation import ResourceType

if TYPE_CHECKING:
    from localcloud.emulator.emulator import Emulator
    from localcloud.emulator.hooks.cloudformation import Created, Properties

_create_selection = patches.expect(backup, "_create_selection", "(plan_id, body)")


def install(_: Emulator) -> None:
    """Add the type."""
    patches.require(backup, "_selections")
    kind = ResourceType(
        create=_create,
        update=lambda physical_id, _old, _new: (physical_id, _attributes(physical_id)),
        delete=_delete,
        replaced_by=("BackupPlanId", "BackupSelection"),
    )
    cloudformation.add("AWS::Backup::BackupSelection", kind)


def _create(_logical_id: str, properties: Properties, _stack: str) -> Created:
    plan = properties["BackupPlanId"]
    made = document_of(_create_selection(plan, {"BackupSelection": properties["BackupSelection"]}))
    physical_id = f"{made['SelectionId']}_{plan}"
    return physical_id, _attributes(physical_id)


def _attributes(physical_id: str) -> dict[str, str]:
    selection, _, plan = physical_id.partition("_")
    return {"Id": physical_id, "SelectionId": selection, "BackupPlanId": plan}


def _delete(physical_id: str, _: Properties) -> None:
    backup._selections.pop(physical_id.partition("_")[0], None)

"""`AWS::EKS::PodIdentityAssociation`, which ministack's CloudFormation lacks; it has clusters, as records alone.

Ref is the association's ARN (CloudFormation's resource reference). No pod runs here: who wants to act as one takes
credentials of the association's role.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack.services import eks

from localcloud.emulator import patches
from localcloud.emulator.answers import document_of
from localcloud.emulator.hooks import cloudformation
from localcloud.emulator.hooks.cloudformation import ResourceType

if TYPE_CHECKING:
    from localcloud.emulator.emulator import Emulator
    from localcloud.emulator.hooks.cloudformation import Created, Properties

_create_association = patches.expect(eks, "_create_pod_identity_association", "(cluster_name, body)")
_update_association = patches.expect(eks, "_update_pod_identity_association", "(cluster_name, association_id, body)")
_delete_association = patches.expect(eks, "_delete_pod_identity_association", "(cluster_name, association_id)")

_SETTINGS = {
    "RoleArn": "roleArn",
    "TargetRoleArn": "targetRoleArn",
    "DisableSessionTags": "disableSessionTags",
    "Policy": "policy",
}


def install(_: Emulator) -> None:
    """Add the type."""
    cloudformation.add(
        "AWS::EKS::PodIdentityAssociation",
        ResourceType(
            create=_create,
            update=_update,
            delete=_delete,
            replaced_by=("ClusterName", "Namespace", "ServiceAccount"),
        ),
    )


def _create(_logical_id: str, properties: Properties, _stack: str) -> Created:
    pod = {"namespace": properties["Namespace"], "serviceAccount": properties["ServiceAccount"]}
    tags = {tag["Key"]: tag["Value"] for tag in properties.get("Tags") or []}
    body = {**pod, **_settings(properties), "tags": tags}
    return _created(document_of(_create_association(properties["ClusterName"], body))["association"])


def _update(physical_id: str, _old: Properties, new: Properties) -> Created:
    answer = _update_association(new["ClusterName"], _association_id(physical_id), _settings(new))
    return _created(document_of(answer)["association"])


def _delete(physical_id: str, properties: Properties) -> None:
    # Answers an error when the association, or its cluster with it, is gone already: fine.
    _delete_association(properties["ClusterName"], _association_id(physical_id))


def _settings(properties: Properties) -> dict[str, str]:
    return {ours: properties[theirs] for theirs, ours in _SETTINGS.items() if theirs in properties}


def _created(association: dict[str, str]) -> Created:
    arn = association["associationArn"]
    attributes = {"AssociationArn": arn, "AssociationId": association["associationId"]}
    return arn, attributes | ({"ExternalId": association["externalId"]} if "externalId" in association else {})


def _association_id(arn: str) -> str:
    return arn.rpartition("/")[2]

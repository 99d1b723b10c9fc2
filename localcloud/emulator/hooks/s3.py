"""Deleting buckets.

CloudFormation cannot delete a bucket that holds objects ("AWS::S3::Bucket", resource reference); ministack deletes it
with all of them. The CDK's `auto_delete_objects` empties it before that by a custom resource whose Node.js function
needs an SDK that is not here, so that its type is played natively.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack.services import s3

from localcloud.emulator import patches
from localcloud.emulator.hooks import cloudformation
from localcloud.emulator.hooks.cloudformation import ResourceType

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.emulator.emulator import Emulator
    from localcloud.emulator.hooks.cloudformation import Created, Properties


def _has_versions(bucket: str) -> bool:
    return any(versions for (name, _), versions in s3._object_versions.items() if name == bucket)


def install(_: Emulator) -> None:
    """Correct and add the types."""
    patches.require(s3, "_buckets", "_object_versions")
    cloudformation.wrap("AWS::S3::Bucket", "delete", "(physical_id, props)", _delete_bucket)
    cloudformation.add(
        "Custom::S3AutoDeleteObjects",
        ResourceType(create=_create_emptier, update=_update_emptier, delete=_empty, replaced_by=("BucketName",)),
    )


def _delete_bucket(original: Callable[..., None], physical_id: str, props: Properties) -> None:
    bucket = s3._buckets.get(physical_id)
    if bucket is not None and (bucket["objects"] or _has_versions(physical_id)):
        raise ValueError(f"The bucket {physical_id} you tried to delete is not empty: delete its objects first.")
    original(physical_id, props)


def _create_emptier(_logical_id: str, properties: Properties, _stack: str) -> Created:
    return f"{properties['BucketName']}-objects", {}


def _update_emptier(physical_id: str, _old: Properties, _new: Properties) -> Created:
    return physical_id, {}


def _empty(_physical_id: str, properties: Properties) -> None:
    bucket = s3._buckets.get(properties["BucketName"])
    if bucket is not None:
        bucket["objects"].clear()
        for name in [name for name in s3._object_versions if name[0] == properties["BucketName"]]:
            del s3._object_versions[name]

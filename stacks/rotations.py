"""Rotations, from their tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import Duration

from rotating_rds import Rotation, Schedule

if TYPE_CHECKING:
    from stacks.tables import MasterRotation, UserRotation


def master_rotation(wanted: MasterRotation) -> Rotation:
    """Return how the master's credential rotates."""
    if wanted.strategy == "managed_by_rds":
        return Rotation.managed_by_rds()
    return Rotation.single_user(**_when(wanted))


def user_rotation(wanted: UserRotation) -> Rotation:
    """Return how a user's credential rotates."""
    when = _when(wanted)
    if wanted.strategy == "single_user":
        return Rotation.single_user(**when)
    if wanted.strategy == "admin_reset":
        hours = wanted.retain_for_hours
        return Rotation.admin_reset(retain_for=None if hours is None else Duration.hours(hours), **when)
    return Rotation.alternating_users(
        suffix=wanted.suffix,
        alternate_username=wanted.alternate_username,
        provisioned=wanted.provisioned,
        **when,
    )


def _when(wanted: MasterRotation | UserRotation) -> dict[str, Any]:
    hours = wanted.window_hours
    return {
        "schedule": Schedule(wanted.schedule),
        "window": None if hours is None else Duration.hours(hours),
        "rotate_immediately": wanted.rotate_immediately,
        "test_query": wanted.test_query,
    }

"""What consumers run on: the names that environments have for it."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from rotating_rds import Compute

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

COMPUTES: Mapping[str, Callable[[], Compute]] = MappingProxyType(
    {
        "ecs_task": Compute.ecs_task,
    }
)

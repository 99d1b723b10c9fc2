"""What the project promises about its figures."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Target(NamedTuple):
    """A limit that a figure keeps.

    :param is_floor: whether it must be reached, rather than not exceeded.
    """

    limit: float
    is_floor: bool = False

    def is_kept_by(self, value: float) -> bool:
        """Tell whether a value is good enough."""
        return value >= self.limit if self.is_floor else value <= self.limit

    def __str__(self) -> str:
        return f"{'>=' if self.is_floor else '<='} {self.limit:g}"


_TARGETS: Final[Mapping[str, Target]] = MappingProxyType(
    {
        r"rotation\..*\.warm_ratio_to_reference": Target(0.6),
        r"rotation\..*\.cold_ratio_to_reference": Target(1.0),
        r"rotation\..*\.single_user\.secrets_manager_calls": Target(11),
        r"rotation\..*\.single_user\.database_connections": Target(2),
        r"rotation\..*\.failed_logins": Target(0),
        r"bundle\.megabytes": Target(2.5),
        r"bundle\.import_ratio_to_boto3": Target(1.25),
        r"client\.cached_read\.microseconds": Target(0.5),
        r"client\.cached_read\.speedup_over_powertools": Target(2, is_floor=True),
        r"client\.cached_read\.speedup_over_aws_caching": Target(50, is_floor=True),
        r"client\.cold_read\.calls": Target(1),
        r"client\.import_ratio_to_boto3": Target(1.1),
    }
)
"""Pattern of a figure's name to what is promised about it."""


def target(name: str) -> Target | None:
    """Return what is promised about a figure; None for one without a promise."""
    return next((promise for pattern, promise in _TARGETS.items() if re.fullmatch(pattern, name)), None)

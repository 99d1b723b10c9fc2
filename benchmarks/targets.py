"""What the project promises about its figures."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_AT_MOST: Final[Mapping[str, float]] = MappingProxyType(
    {
        r"rotation\..*\.warm_ratio_to_reference": 0.6,
        r"rotation\..*\.cold_ratio_to_reference": 1.0,
        r"rotation\..*\.single_user\.secrets_manager_calls": 11,
        r"rotation\..*\.single_user\.database_connections": 2,
        r"rotation\..*\.failed_logins": 0,
        r"bundle\.megabytes": 2.5,
        r"bundle\.import_ratio_to_boto3": 1.25,
    }
)
"""Pattern of a figure's name to the highest value that is good enough."""


def target(name: str) -> float | None:
    """Return the highest value of a figure that is good enough; None for one without a promise."""
    return next((limit for pattern, limit in _AT_MOST.items() if re.fullmatch(pattern, name)), None)

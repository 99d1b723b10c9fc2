"""Who gets the next password, and who sets it. A strategy is one class in a file of its own, and one row here."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from rotating_rds_function.domain.strategies.admin_reset import AdminReset
from rotating_rds_function.domain.strategies.alternating_users import AlternatingUsers
from rotating_rds_function.domain.strategies.single_user import SingleUser

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotating_rds_function.domain.strategies.strategy import Strategy as Strategy

STRATEGIES: Final[Mapping[str, Strategy]] = MappingProxyType(
    {"single_user": SingleUser(), "admin_reset": AdminReset(), "alternating_users": AlternatingUsers()}
)
"""Name, as the deployment writes it into a secret's tag, to strategy."""

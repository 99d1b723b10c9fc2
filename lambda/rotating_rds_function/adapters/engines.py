"""Which adapter serves which engine. Supporting another engine is one adapter and one row."""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from rotating_rds_function.domain.patience import Deadline
    from rotating_rds_function.domain.ports import Database
    from rotating_rds_function.domain.targets import Target

# Names rather than classes: an adapter brings its driver along, and a cold start should load one driver only.
_ADAPTERS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {"postgres": ("rotating_rds_function.adapters.postgres", "Postgres")}
)

ENGINES: Final = frozenset(_ADAPTERS)
"""Names of the engines, as the deployment writes them into a secret's tag."""


def open_database(target: Target, *, trust: ssl.SSLContext, deadline: Deadline) -> Database:
    """Return the database of a target; connects to nothing yet."""
    module, name = _ADAPTERS[target.engine]
    adapter = getattr(import_module(module), name)
    database: Database = adapter(target.endpoint, trust=trust, deadline=deadline)
    return database

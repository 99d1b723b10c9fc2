"""Which adapter serves which engine. Supporting another engine is one adapter and one row."""

from __future__ import annotations

import re
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from rotating_rds_function.domain.targets import Engine

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from rotating_rds_function.domain.patience import Deadline
    from rotating_rds_function.domain.ports import Database
    from rotating_rds_function.domain.targets import Target


class _Adapter(NamedTuple):
    """An engine and the class that serves it.

    Names rather than classes: an adapter brings its driver along, and a cold start should load one driver only.
    """

    engine: Engine
    module: str
    name: str


def _row(
    name: str,
    *,
    adapter: tuple[str, str],
    aurora: tuple[str, ...] = (),
    reserved: str,
    reserved_schemas: str,
    has_owners: bool = False,
) -> _Adapter:
    engine = Engine(
        name,
        frozenset({name, *aurora}),
        re.compile(reserved, re.IGNORECASE),
        re.compile(reserved_schemas, re.IGNORECASE),
        has_owners,
    )
    return _Adapter(engine, f"rotating_rds_function.adapters.{adapter[0]}", adapter[1])


_MYSQL_SCHEMAS: Final = "mysql|information_schema|performance_schema|sys"

# Reserved names. Source: "Master user account privileges" in the Amazon RDS User Guide for rdsadmin and its kin,
# "Predefined roles" in PostgreSQL's manual, "Reserved accounts" in MySQL's, "mariadb.sys" in MariaDB's.
_ADAPTERS: Final[Mapping[str, _Adapter]] = MappingProxyType(
    {
        row.engine.name: row
        for row in (
            _row(
                "postgres",
                adapter=("postgres", "Postgres"),
                aurora=("aurora-postgresql",),
                reserved=r"rdsadmin|rdsrepladmin|rdstopmgr|rds_.*|pg_.*",
                reserved_schemas=r"pg_.*|information_schema",
                has_owners=True,
            ),
            _row(
                "mysql",
                adapter=("mysql", "MySql"),
                aurora=("aurora-mysql", "aurora"),
                reserved=r"rdsadmin|rdsrepladmin|rds_.*|mysql\..*|root",
                reserved_schemas=_MYSQL_SCHEMAS,
            ),
            _row(
                "mariadb",
                adapter=("mariadb", "MariaDb"),
                reserved=r"rdsadmin|rdsrepladmin|rds_.*|mariadb\..*|root",
                reserved_schemas=_MYSQL_SCHEMAS,
            ),
        )
    }
)

ENGINES: Final[Mapping[str, Engine]] = MappingProxyType({name: row.engine for name, row in _ADAPTERS.items()})
"""The engines, by the names that the deployment writes into a secret's tag."""


def open_database(target: Target, *, trust: ssl.SSLContext, deadline: Deadline) -> Database:
    """Return the database of a target; connects to nothing yet."""
    row = _ADAPTERS[target.engine]
    adapter = getattr(import_module(row.module), row.name)
    database: Database = adapter(target.endpoint, trust=trust, deadline=deadline)
    return database

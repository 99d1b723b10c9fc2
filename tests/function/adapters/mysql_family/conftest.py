"""MySQL and MariaDB in turn, with a schema whose privileges can be granted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.accounts import MODEL, TWIN
from tests.support.engines import ENGINES_UNDER_TEST, MASTER, MySqlFamilyUnderTest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.databases import Authority

_ROLES = ("reader", "writer")
_SCHEMA = (
    "CREATE DATABASE shop",
    "CREATE TABLE shop.orders (id INT, note TEXT)",
    "CREATE TABLE shop.`odd ``name` (`a``b` INT)",
    "CREATE PROCEDURE shop.tidy() SELECT 1",
    "CREATE FUNCTION shop.answer() RETURNS INT DETERMINISTIC NO SQL RETURN 42",
    *(f"CREATE ROLE {role}" for role in _ROLES),
    "GRANT SELECT ON shop.* TO reader",
    "GRANT INSERT ON shop.* TO writer",
)


@pytest.fixture(params=["mysql", "mariadb"])
def family(request: pytest.FixtureRequest, authority: Authority) -> Iterator[MySqlFamilyUnderTest]:
    """Return a real server of each engine with a schema and a user; all of it is gone after the test."""
    engine = ENGINES_UNDER_TEST[request.param](request.param, request.getfixturevalue(request.param), authority)
    assert isinstance(engine, MySqlFamilyUnderTest)
    for statement in _SCHEMA:
        engine.run(statement)
    for role in _ROLES:
        # MariaDB knows no right to grant any role.
        engine.run(f"GRANT {role} TO {MASTER} WITH ADMIN OPTION")
    engine.user(MODEL)
    engine.made.append(TWIN)
    yield engine
    engine.run("DROP DATABASE shop")
    for role in _ROLES:
        engine.run(f"DROP ROLE {role}")
    engine.clean_up()

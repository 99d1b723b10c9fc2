"""Declarations that several tests of the library look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.toolchain import put_own_tools_first

if TYPE_CHECKING:
    from tests.support.templates import Template

put_own_tools_first()


@pytest.fixture(scope="session")
def defaults() -> Template:
    """Return the template of a database declared with nothing but engine and network, with alarms and a consumer."""
    from rotating_rds import Compute  # noqa: PLC0415  # the CDK starts node: not before the line above
    from tests.support.declarations import new_declaration  # noqa: PLC0415  # likewise

    declaration = new_declaration()
    database = declaration.database()
    database.add_alarms()
    database.add_consumer("Api", Compute.ecs_task())
    return declaration.template()

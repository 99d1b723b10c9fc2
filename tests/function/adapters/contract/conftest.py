"""Every engine in turn: what is tested here holds for each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.declared_users import declare
from tests.support.engines import ENGINES_UNDER_TEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.databases import Authority
    from tests.support.declared_users import DeclaredUser
    from tests.support.engines import EngineUnderTest


@pytest.fixture(params=list(ENGINES_UNDER_TEST))
def engine(request: pytest.FixtureRequest, authority: Authority) -> Iterator[EngineUnderTest]:
    """Return a real server of each engine, with users of the test's own."""
    server = request.getfixturevalue(request.param)
    engine = ENGINES_UNDER_TEST[request.param](request.param, server, authority)
    yield engine
    engine.clean_up()


@pytest.fixture
def declared(engine: EngineUnderTest) -> Iterator[DeclaredUser]:
    """Return a user of each server, who is not made yet, and a database of its own."""
    user = declare(engine)
    yield user
    user.close()

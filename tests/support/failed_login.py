"""A login that must fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rotating_rds_function.domain.errors import RotationError
from tests.support.leaks import find_leaks
from tests.support.rotations import FIRST_PASSWORD, USERNAME

if TYPE_CHECKING:
    from rotating_rds_function.domain.ports import Database


def failure_of_login(database: Database) -> RotationError:
    """Log in, and return the typed error with which it must fail, after a look for the password in it."""
    with pytest.raises(RotationError) as caught:
        database.login(USERNAME, FIRST_PASSWORD)
    assert caught.value.__context__ is None
    assert find_leaks([FIRST_PASSWORD], [str(caught.value)]) == []
    return caught.value

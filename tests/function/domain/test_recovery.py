"""A database that knows another password than the secret says."""

from __future__ import annotations

import pytest

from rotating_rds_function.domain.errors import (
    AuthenticationError,
)
from rotating_rds_function.domain.steps import Step
from rotating_rds_function.domain.versions import AWSCURRENT, AWSPREVIOUS
from tests.support.rotations import USERNAME, World, value


def test_set_secret_recovers_a_database_that_was_restored_from_an_older_snapshot(world: World) -> None:
    """Its password is the previous one."""
    world.store.stage("older", AWSPREVIOUS, value=value("previous password"))
    world.database.passwords[USERNAME] = "previous password"
    world.run_until(Step.FINISH)
    assert world.logs_in(AWSCURRENT)


@pytest.mark.parametrize("has_previous", [True, False])
def test_set_secret_says_so_when_no_labelled_value_logs_in(world: World, *, has_previous: bool) -> None:
    """A person has to decide then, and learns how."""
    if has_previous:
        world.store.stage("older", AWSPREVIOUS, value=value("previous password"))
    world.database.passwords[USERNAME] = "set by hand"
    world.run(Step.CREATE)
    with pytest.raises(AuthenticationError, match=r"Neither .* PutSecretValue.* ModifyDBInstance") as caught:
        world.run(Step.SET)
    assert caught.value.__context__ is None

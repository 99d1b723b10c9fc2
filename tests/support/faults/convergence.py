"""What a full repetition must come to, from any state: the rotation's end, or the remedy that its error names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rotating_rds_function.domain.errors import (
    AuthenticationError,
    PrivilegeError,
    RefusedError,
    RotationError,
    WrongStateError,
)
from rotating_rds_function.domain.versions import AWSCURRENT, AWSPENDING, AWSPREVIOUS
from tests.support.faults.faulty_world import ALL
from tests.support.rotations import username_of

if TYPE_CHECKING:
    from tests.support.faults.faulty_world import FaultyWorld
    from tests.support.faults.people import People


def converge(world: FaultyWorld, people: People) -> None:
    """End whatever runs, repeat the rotation, and see it end well; or fail as documented, and well after the remedy."""
    world.end_runs()
    people.finish_administrator()
    token = _token(world)
    expected = expected_failure(world)
    if expected is not None:
        before = world.backstage.state()
        with pytest.raises(expected):
            world.rotate(token)
        assert world.backstage.state() == before, "A step that failed has changed the database."
        _remedy(world, people, expected)
        token = _token(world)
    world.rotate(token)
    assert_well(world, token)
    world.rotate(token)  # once more, for an answer that was lost
    assert_well(world, token)


def expected_failure(world: FaultyWorld) -> type[RotationError] | None:
    """Return what only a person can help with, by the recovery table; None if the function helps itself."""
    if world.strategy == "single_user":
        some = any(map(world.logs_in, (AWSCURRENT, AWSPENDING, AWSPREVIOUS)))
        return None if some else AuthenticationError
    if not world.is_pair:
        return None
    current, pending = (world.store.value_of(label) for label in (AWSCURRENT, AWSPENDING))
    if pending is not None and username_of(current) == username_of(pending):
        return RefusedError
    if world.provisioned:
        return None if world.backstage.equal() else PrivilegeError
    logins = (world.backstage.username, world.backstage.alternate)
    return None if any(map(world.backstage.exists, logins)) else WrongStateError


def _remedy(world: FaultyWorld, people: People, failure: type[RotationError]) -> None:
    if failure is RefusedError:
        people.interfere("take AWSPENDING off", 0)
        second = None if not world.is_pair else expected_failure(world)
        if second is None:
            return
        failure = second
    if failure is PrivilegeError:
        world.backstage.make_equal()
        world.interfered()
    else:
        people.reset_to_current()


def _token(world: FaultyWorld) -> str:
    """Return the version whose rotation is repeated: the pending one, else that of a new rotation."""
    pending = world.holder(AWSPENDING)
    if pending is not None and pending == world.holder(AWSCURRENT):
        world.rotate(pending)
        assert world.holder(AWSPENDING) is None, "A repeated finishSecret left AWSPENDING on AWSCURRENT."
        pending = None
    if pending is None:
        world.start_rotation()
        pending = world.holder(AWSPENDING)
    assert pending is not None
    return pending


def assert_well(world: FaultyWorld, token: str) -> None:
    """See that a rotation has ended as it should: the version is current and logs in, and nothing is left over."""
    assert world.store.labels[token] == {AWSCURRENT}
    assert world.holder(AWSPENDING) is None
    assert world.promises() == ALL
    assert world.logs_in(AWSCURRENT)
    if world.is_pair:
        assert world.backstage.equal(), "The logins of the pair are not equal."
    if world.strategy == "admin_reset" and world.backstage.retains_passwords and not world.retain_for:
        assert not world.logs_in(AWSPREVIOUS), "The old password still logs in."

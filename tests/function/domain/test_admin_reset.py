"""An administrator changes the password; where there are secondary ones, both values log in."""

from __future__ import annotations

import pytest

from rotating_rds_function.domain.rotation import Outcome
from rotating_rds_function.domain.steps import Step
from rotating_rds_function.domain.versions import AWSCURRENT, AWSPENDING, AWSPREVIOUS
from tests.support.rotations import USERNAME, World, value


def _world(*, retain_for: str | None = None, retains_passwords: bool = True) -> World:
    world = World.just_started("admin_reset", retains_passwords=retains_passwords)
    if retain_for is not None:
        world.store.tags = {**world.store.tags, "rotating-rds:retain-for": retain_for}
    return world


@pytest.mark.parametrize("repetitions", [1, 2, 3])
def test_both_values_log_in_between_set_and_finish_however_often_set_is_repeated(repetitions: int) -> None:
    """Retaining the password that happens to be primary would lose the current one at the second time."""
    world = _world()
    world.run(Step.CREATE)
    for _ in range(repetitions):
        world.run(Step.SET)
        assert world.logs_in(AWSCURRENT)
        assert world.logs_in(AWSPENDING)


def test_a_user_without_the_current_password_gets_it_back_beside_the_pending_one() -> None:
    """Drift is repaired for those who have not read the new value yet, too."""
    world = _world()
    world.run(Step.CREATE)
    world.database.passwords[USERNAME] = "set by hand"
    world.run(Step.SET)
    assert world.logs_in(AWSCURRENT)
    assert world.logs_in(AWSPENDING)


def test_the_old_password_goes_on_logging_in_after_the_rotation() -> None:
    """For as long as the deployment says; the probe ends it."""
    world = _world()
    world.run_until(Step.FINISH)
    assert world.logs_in(AWSPREVIOUS)


def test_an_old_password_that_is_not_to_be_retained_ends_with_the_rotation() -> None:
    """A credential that leaked, for example."""
    world = _world(retain_for="0")
    world.run_until(Step.FINISH)
    assert world.logs_in(AWSCURRENT)
    assert not world.logs_in(AWSPREVIOUS)


def test_nothing_is_discarded_where_nothing_can_be_retained() -> None:
    """It would be one more connection for nothing."""
    world = _world(retain_for="0", retains_passwords=False)
    world.run_until(Step.TEST)
    world.database.logins.clear()
    world.run(Step.FINISH)
    assert world.database.logins == []


def test_a_finish_that_died_before_it_discarded_does_so_when_it_is_repeated() -> None:
    """AWSPENDING comes off last, and tells."""
    world = _world(retain_for="0")
    world.run_until(Step.TEST)
    world.store.move_label("arn", label=AWSCURRENT, source="old", destination="new")
    assert world.run(Step.FINISH) is Outcome.ALREADY_DONE
    assert not world.logs_in(AWSPREVIOUS)
    assert world.store.labels == {"old": {AWSPREVIOUS}, "new": {AWSCURRENT}}


def test_a_late_finish_does_not_discard_what_a_rotation_begun_since_retains() -> None:
    """That is AWSCURRENT by now, which clients are using."""
    world = _world(retain_for="0")
    world.run_until(Step.TEST)

    def overtaken() -> None:
        world.database.when_locked = lambda: None
        later = world.twin()
        later.start_another("newer")
        later.run_until(Step.SET)

    world.database.when_locked = overtaken
    assert world.run(Step.FINISH) is Outcome.ALREADY_DONE
    assert world.store.labels["new"] == {AWSCURRENT}
    assert world.logs_in(AWSCURRENT)
    assert world.logs_in(AWSPENDING)


def test_the_user_stays_and_unknown_keys_are_copied() -> None:
    """As by single_user."""
    world = _world()
    world.store.stage("old", value=value("current password", sslmode="verify-full"))
    world.run(Step.CREATE)
    assert '"sslmode": "verify-full"' in world.store.values["new"]
    assert f'"username": "{USERNAME}"' in world.store.values["new"]

"""Two logins of one user that take turns."""

from __future__ import annotations

import pytest

from rotating_rds_function.domain.errors import PrivilegeError, RefusedError
from rotating_rds_function.domain.rotation import Outcome
from rotating_rds_function.domain.steps import Step
from rotating_rds_function.domain.versions import AWSCURRENT, AWSPENDING
from tests.support.rotations import ALTERNATE, USERNAME, World, password_of, username_of, value


@pytest.fixture
def pair() -> World:
    """Return a rotation of a pair that has just been started; the twin does not exist yet."""
    return World.just_started("alternating_users")


def _provisioned(world: World) -> None:
    world.store.tags = {**world.store.tags, "rotating-rds:pair": "provisioned"}
    world.database.passwords[ALTERNATE] = "the twin's password"


def test_the_logins_take_turns(pair: World) -> None:
    """Each rotation goes to the one that nobody uses."""
    seen = []
    for number in range(4):
        pair.start_another(f"version-{number}")
        pair.run_until(Step.FINISH)
        seen.append(username_of(pair.store.value_of(AWSCURRENT)))
    assert seen == [ALTERNATE, USERNAME, ALTERNATE, USERNAME]


def test_the_current_login_is_never_touched(pair: World) -> None:
    """Its sessions, password and privileges stay as they are, throughout."""
    for step in Step:
        pair.run(step)
        assert pair.database.accepts(USERNAME, "current password")
    assert pair.database.privileges[USERNAME] == {"SELECT", "INSERT"}


def test_unknown_keys_are_copied_and_the_user_name_changes(pair: World) -> None:
    """Applications keep keys of their own in the value."""
    pair.store.stage("old", value=value("current password", sslmode="verify-full"))
    pair.run(Step.CREATE)
    assert '"sslmode": "verify-full"' in pair.store.values["new"]
    assert username_of(pair.store.values["new"]) == ALTERNATE


@pytest.mark.parametrize("privilege", ["SELECT", "UPDATE"])
def test_what_was_granted_or_revoked_on_one_login_reaches_the_other(pair: World, privilege: str) -> None:
    """Add and take away."""
    pair.run_until(Step.FINISH)
    pair.database.privileges[ALTERNATE] ^= {privilege}
    pair.start_another("newer")
    pair.run_until(Step.FINISH)
    assert pair.database.privileges[USERNAME] == pair.database.privileges[ALTERNATE]
    assert (privilege in pair.database.privileges[USERNAME]) is (privilege == "UPDATE")


def test_nobody_logs_in_as_the_twin_before_it_can_do_everything(pair: World) -> None:
    """Its password is set last, so that a crash in between leaves no half a user."""
    pair.run(Step.CREATE)
    pending = password_of(pair.store.value_of(AWSPENDING))
    watched = pair.database.fail_if_told

    def watch() -> None:
        if pair.database.accepts(ALTERNATE, pending):
            assert pair.database.privileges.get(ALTERNATE) == {"SELECT", "INSERT"}
        watched()

    pair.database.fail_if_told = watch  # type: ignore[method-assign]
    pair.run(Step.SET)
    pair.run(Step.TEST)
    assert pair.logs_in(AWSPENDING)


def test_a_difference_that_appears_after_set_secret_is_named_by_test_secret(pair: World) -> None:
    """Logging in is not all that clients do."""
    pair.run_until(Step.SET)
    pair.database.privileges[ALTERNATE].discard("INSERT")
    with pytest.raises(PrivilegeError, match=f"{ALTERNATE} lacks INSERT"):
        pair.run(Step.TEST)
    assert pair.logs_in(AWSCURRENT)


def test_a_long_list_of_differences_is_cut(pair: World) -> None:
    """Lambda cuts long errors where it likes; the remedy must survive."""
    pair.run_until(Step.SET)
    pair.database.privileges[USERNAME] |= {f"privilege {number:02}" for number in range(30)}
    with pytest.raises(PrivilegeError, match=r"lacks privilege 09; and 20 more\. Make them equal"):
        pair.run(Step.TEST)


def test_a_provisioned_pair_that_is_equal_is_rotated(pair: World) -> None:
    """Nothing is changed but the password."""
    _provisioned(pair)
    pair.database.privileges[ALTERNATE] = {"SELECT", "INSERT"}
    pair.run_until(Step.FINISH)
    assert pair.logs_in(AWSCURRENT)


def test_a_provisioned_pair_that_differs_is_refused_and_not_changed(pair: World) -> None:
    """Whoever made it makes it equal."""
    _provisioned(pair)
    pair.database.privileges[ALTERNATE] = {"SELECT", "DELETE"}
    pair.run(Step.CREATE)
    with pytest.raises(PrivilegeError, match=f"{ALTERNATE} lacks INSERT; {ALTERNATE} has DELETE beyond"):
        pair.run(Step.SET)
    assert pair.database.privileges[ALTERNATE] == {"SELECT", "DELETE"}
    assert pair.database.passwords[ALTERNATE] == "the twin's password"


def test_a_provisioned_pair_whose_second_login_is_missing_is_refused(pair: World) -> None:
    """It is not ours to make."""
    _provisioned(pair)
    del pair.database.passwords[ALTERNATE]
    pair.run(Step.CREATE)
    with pytest.raises(PrivilegeError, match=f"{ALTERNATE} does not exist"):
        pair.run(Step.SET)
    assert ALTERNATE not in pair.database.passwords


def test_a_pending_value_that_names_the_current_login_is_refused_before_anything_connects(pair: World) -> None:
    """Setting its password would lock every client out."""
    pair.store.stage("new", AWSPENDING, value=value("written by hand"))
    with pytest.raises(RefusedError, match="names the login that is AWSCURRENT"):
        pair.run(Step.SET)
    assert pair.database.logins == []


def test_a_current_value_that_was_put_by_hand_under_the_lock_is_seen(pair: World) -> None:
    """Between the first look and the lock, somebody may have moved the clients to the twin."""
    pair.run(Step.CREATE)
    by_hand = value("by hand", username=ALTERNATE)
    pair.database.when_locked = lambda: pair.store.stage("by hand", AWSCURRENT, value=by_hand)
    before = dict(pair.database.passwords)
    with pytest.raises(RefusedError, match="names the login that is AWSCURRENT"):
        pair.run(Step.SET)
    assert pair.database.passwords == before


def test_a_set_secret_beside_a_finish_that_has_moved_one_label_only_ends_as_done(pair: World) -> None:
    """Current and pending are one version for a moment."""
    pair.run_until(Step.TEST)
    pair.database.when_locked = lambda: pair.store.stage("new", AWSCURRENT)
    assert pair.run(Step.SET) is Outcome.ALREADY_DONE
    assert pair.logs_in(AWSCURRENT)


def test_a_twin_that_was_dropped_is_made_again(pair: World) -> None:
    """Somebody tidied up a user that seemed unused."""
    pair.run_until(Step.FINISH)
    del pair.database.passwords[USERNAME], pair.database.privileges[USERNAME]
    pair.start_another("newer")
    pair.run_until(Step.FINISH)
    assert username_of(pair.store.value_of(AWSCURRENT)) == USERNAME
    assert pair.logs_in(AWSCURRENT)
    assert pair.database.privileges[USERNAME] == {"SELECT", "INSERT"}

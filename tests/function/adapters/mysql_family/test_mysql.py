"""What only MySQL has: a secondary password, the statement that proves the current one, restrictions, plugins."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from rotating_rds_function.domain.errors import AuthenticationError, UnreachableError
from tests.support.accounts import MODEL, TWIN, differences, each_change, interrupted, switch, unequal
from tests.support.engines import PASSWORD
from tests.support.leaks import find_leaks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.engines import MySqlFamilyUnderTest

SECOND, THIRD = "the second password", "the third password"

pytestmark = pytest.mark.parametrize("family", ["mysql"], indirect=True)


def _rotate(family: MySqlFamilyUnderTest, password: str, keep: str) -> None:
    with closing(family.master()) as session:
        session.lock(MODEL)
        session.replace_password(MODEL, password, keep=keep)


# How primary and secondary password may stand when a rotation to SECOND begins; AWSCURRENT is PASSWORD.
_STANDINGS = {
    "only the current one": [PASSWORD],
    "the current one, and an older": [THIRD, PASSWORD],
    "rotated already": [PASSWORD, SECOND],
    "broken off between the two statements": [PASSWORD, SECOND, PASSWORD],
    "the current one is the secondary": [PASSWORD, THIRD],
}


def _stand(family: MySqlFamilyUnderTest, passwords: list[str]) -> None:
    first, *rest = passwords
    family.run(f"ALTER USER app@'%' IDENTIFIED BY '{first}'")
    for password in rest:
        family.run(f"ALTER USER app@'%' IDENTIFIED BY '{password}' RETAIN CURRENT PASSWORD")


@pytest.mark.parametrize("standing", list(_STANDINGS))
def test_the_current_password_logs_in_after_every_statement(
    family: MySqlFamilyUnderTest, monkeypatch: pytest.MonkeyPatch, standing: str
) -> None:
    """From wherever the rotation begins; at its end both do."""
    _stand(family, _STANDINGS[standing])
    let_in: list[bool] = []
    with each_change(monkeypatch, then=lambda: let_in.append(family.accepts(MODEL, PASSWORD))) as statements:
        _rotate(family, SECOND, keep=PASSWORD)
    assert len(statements) == 2
    assert let_in == [True, True]
    assert family.accepts(MODEL, SECOND)


@pytest.mark.parametrize("standing", list(_STANDINGS))
@pytest.mark.parametrize("cut", [0, 1, 2])
def test_a_rotation_that_is_cut_off_never_loses_the_current_password(
    family: MySqlFamilyUnderTest, monkeypatch: pytest.MonkeyPatch, standing: str, cut: int
) -> None:
    """And the next attempt completes it."""
    _stand(family, _STANDINGS[standing])
    with interrupted(monkeypatch, after=cut):
        try:
            _rotate(family, SECOND, keep=PASSWORD)
        except UnreachableError:
            assert cut < 2
    assert family.accepts(MODEL, PASSWORD)
    _rotate(family, SECOND, keep=PASSWORD)
    assert family.accepts(MODEL, PASSWORD)
    assert family.accepts(MODEL, SECOND)


def test_a_password_that_somebody_changed_is_recovered_with_both(family: MySqlFamilyUnderTest) -> None:
    """Neither labelled one logged in before."""
    family.run(f"ALTER USER app@'%' IDENTIFIED BY '{THIRD}'")
    _rotate(family, SECOND, keep=PASSWORD)
    assert [family.accepts(MODEL, text) for text in (PASSWORD, SECOND, THIRD)] == [True, True, False]


def test_a_second_rotation_ends_the_first_one_s_old_password(family: MySqlFamilyUnderTest) -> None:
    """An account has two passwords at most."""
    _rotate(family, SECOND, keep=PASSWORD)
    _rotate(family, THIRD, keep=SECOND)
    assert [family.accepts(MODEL, text) for text in (PASSWORD, SECOND, THIRD)] == [False, True, True]


def test_a_retained_password_ends_with_a_change_that_keeps_none(family: MySqlFamilyUnderTest) -> None:
    """A plain ALTER USER would leave it."""
    _rotate(family, SECOND, keep=PASSWORD)
    with closing(family.master()) as session:
        session.lock(MODEL)
        session.replace_password(MODEL, THIRD)
    assert [family.accepts(MODEL, text) for text in (PASSWORD, SECOND, THIRD)] == [False, False, True]


def test_a_user_who_may_discards_its_own_retained_password(family: MySqlFamilyUnderTest) -> None:
    """Who may not has none, unless an administrator set it."""
    family.run("GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO app@'%'")
    _stand(family, [PASSWORD, SECOND])
    with closing(family.database().login(MODEL, SECOND)) as session:
        session.lock(MODEL)
        session.replace_password(MODEL, THIRD)
    assert [family.accepts(MODEL, text) for text in (PASSWORD, SECOND, THIRD)] == [False, False, True]


def test_a_user_who_must_prove_its_password_does_so(family: MySqlFamilyUnderTest) -> None:
    """By PASSWORD REQUIRE CURRENT; no log shows either password."""
    family.run("ALTER USER app@'%' PASSWORD REQUIRE CURRENT")
    begin = family.statement_logs[0].stat().st_size
    with closing(family.database().login(MODEL, PASSWORD)) as session:
        session.lock(MODEL)
        session.replace_password(MODEL, SECOND)
    assert family.accepts(MODEL, SECOND)
    log = family.statement_logs[0].read_bytes()[begin:].decode(errors="replace")
    assert "REPLACE" in log
    assert find_leaks([PASSWORD, SECOND], [log]) == []


def test_any_character_of_unicode_may_be_in_a_password(family: MySqlFamilyUnderTest) -> None:
    """Also outside the basic plane, which names may not."""
    with closing(family.database().login(MODEL, PASSWORD)) as session:
        session.lock(MODEL)
        session.replace_password(MODEL, "smile \N{GRINNING FACE}")
    assert family.accepts(MODEL, "smile \N{GRINNING FACE}")


def test_an_expired_password_is_an_authentication_error_that_says_so(family: MySqlFamilyUnderTest) -> None:
    """An administrator's rotation mends it."""
    family.run("ALTER USER app@'%' PASSWORD EXPIRE")
    with pytest.raises(AuthenticationError, match="expire"):
        family.database().login(MODEL, PASSWORD)
    _rotate(family, SECOND, keep=PASSWORD)
    assert family.accepts(MODEL, SECOND)


@pytest.fixture
def partial_revokes(family: MySqlFamilyUnderTest) -> Iterator[None]:
    """Let global privileges be restricted database by database."""
    family.run("SET GLOBAL partial_revokes = ON")
    yield
    for name in (MODEL, TWIN):
        family.drop(name)
    family.run("SET GLOBAL partial_revokes = OFF")


@pytest.mark.usefixtures("partial_revokes")
def test_restrictions_of_global_privileges_are_made_equal(family: MySqlFamilyUnderTest) -> None:
    """Added as well as lifted."""
    family.run("GRANT SELECT, INSERT ON *.* TO app@'%'")
    family.run("REVOKE SELECT ON mysql.* FROM app@'%'")
    switch(family)
    assert unequal(family) == set()
    family.run("GRANT SELECT ON mysql.* TO app@'%'")
    family.run("REVOKE INSERT ON mysql.* FROM app@'%'")
    assert len(differences(family)) == 2
    switch(family)
    assert unequal(family) == set()


def test_the_twin_is_authenticated_as_its_model_is(family: MySqlFamilyUnderTest) -> None:
    """Clients speak the plugin of the one that they know."""
    switch(family)
    family.run(f"ALTER USER {TWIN}@'%' IDENTIFIED WITH sha256_password BY 'x'")
    assert any("sha256_password instead of caching_sha2" in clause for clause in differences(family))
    switch(family)
    assert differences(family) == []
    assert family.accepts(TWIN, PASSWORD)

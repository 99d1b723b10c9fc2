"""How the twin of an account comes to be: locked at first, equal before it can log in, whatever happens in between."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from rotating_rds_function.domain.errors import RefusedError, RotationError, UnreachableError, WrongStateError
from tests.support.accounts import (
    MODEL,
    PAIR,
    TWIN,
    description,
    differences,
    do_switch,
    each_change,
    interrupted,
    switch,
    unequal,
)
from tests.support.engines import PASSWORD

if TYPE_CHECKING:
    from tests.support.engines import MySqlFamilyUnderTest

SECOND = "the second password"

_PRIVILEGES = (
    "GRANT SELECT, INSERT ON shop.* TO app@'%' WITH GRANT OPTION",
    "GRANT UPDATE (note) ON shop.orders TO app@'%'",
    "GRANT reader TO app@'%'",
    "ALTER USER app@'%' REQUIRE SSL WITH MAX_USER_CONNECTIONS 9 PASSWORD EXPIRE INTERVAL 9 DAY",
)


def _give_privileges(family: MySqlFamilyUnderTest) -> None:
    for statement in _PRIVILEGES:
        family.run(statement)


def test_a_missing_twin_is_the_one_difference(family: MySqlFamilyUnderTest) -> None:
    """What it lacks goes without saying."""
    _give_privileges(family)
    assert differences(family) == [f"'{TWIN}'@'%' does not exist"]


def test_nobody_logs_in_as_the_twin_before_its_password_is_set(
    family: MySqlFamilyUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither with the new password nor without one, at whichever statement; the password is the last of them."""
    _give_privileges(family)
    let_in: list[bool] = []
    tries = lambda: let_in.append(family.accepts(TWIN, SECOND) or family.accepts(TWIN, ""))  # noqa: E731
    with each_change(monkeypatch, then=tries) as statements:
        switch(family, password=SECOND)
    password = next(index for index, statement in enumerate(statements) if "UNLOCK" in statement)
    assert len(statements) > 4
    assert let_in == [index >= password for index in range(len(statements))]
    assert all("DISCARD" in statement for statement in statements[password + 1 :])


def test_a_switch_that_is_cut_off_anywhere_is_completed_by_the_next_one(
    family: MySqlFamilyUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every statement in turn; the model goes on logging in, and the twin never does with less than all."""
    _give_privileges(family)
    cuts = 0
    while True:
        family.drop(TWIN)
        with interrupted(monkeypatch, after=cuts):
            try:
                switch(family, password=SECOND)
            except UnreachableError:
                cut = True
            else:
                cut = False
        assert family.accepts(MODEL, PASSWORD)
        if family.accepts(TWIN, SECOND):
            assert unequal(family) == set()
        switch(family, password=SECOND)
        assert family.accepts(TWIN, SECOND)
        assert unequal(family) == set()
        if not cut:
            break
        cuts += 1
    assert cuts > 4


def test_a_switch_that_is_repeated_changes_nothing_but_the_password(
    family: MySqlFamilyUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No grant is given twice."""
    _give_privileges(family)
    switch(family)
    with each_change(monkeypatch) as statements:
        switch(family, password=SECOND)
    assert all("IDENTIFIED" in statement or "DISCARD" in statement for statement in statements)
    assert family.accepts(TWIN, SECOND)


def test_the_model_is_never_touched(family: MySqlFamilyUnderTest) -> None:
    """Clients are using it."""
    _give_privileges(family)
    before = description(family, MODEL)
    switch(family)
    family.run(f"GRANT DELETE ON shop.* TO {TWIN}@'%'")
    switch(family)
    assert description(family, MODEL) == before
    assert family.accepts(MODEL, PASSWORD)


def test_a_model_that_was_dropped_is_made_again_from_its_twin_and_stays_locked(family: MySqlFamilyUnderTest) -> None:
    """The database was restored from a snapshot of before it was made, for example."""
    _give_privileges(family)
    switch(family)
    family.drop(MODEL)
    assert differences(family) == [f"'{MODEL}'@'%' does not exist"]
    switch(family, password=SECOND)
    assert family.accepts(TWIN, SECOND)
    assert not family.accepts(MODEL, PASSWORD)
    assert differences(family) == []


def test_the_twin_of_a_locked_model_stays_locked(family: MySqlFamilyUnderTest) -> None:
    """Whoever locked the user meant the user."""
    family.lock_out(MODEL)
    switch(family)
    assert not family.accepts(TWIN, PASSWORD)


def test_the_twin_gets_the_host_part_of_its_model(family: MySqlFamilyUnderTest) -> None:
    """Also when that changes later."""
    switch(family)
    family.run("RENAME USER app@'%' TO app@'127.0.0.%'")
    family.run("GRANT SELECT ON shop.* TO app@'127.0.0.%'")
    assert any("other hosts" in difference for difference in differences(family))
    switch(family)
    assert differences(family) == []
    assert description(family, TWIN, "127.0.0.%") == description(family, MODEL, "127.0.0.%")


@pytest.mark.parametrize(("name", "kind"), [(MODEL, WrongStateError), (TWIN, RefusedError)])
def test_a_login_with_several_host_parts_is_none_of_a_pair(
    family: MySqlFamilyUnderTest, name: str, kind: type[RotationError]
) -> None:
    """A secret is about one account, and nobody says which one."""
    switch(family)
    family.run(f"CREATE USER {name}@'10.0.0.%'")
    with closing(family.master()) as session, pytest.raises(kind, match=r"several host parts .*10\.0\.0"):
        session.prepare_twin(PAIR)


def test_a_pair_without_any_login_is_a_wrong_state(family: MySqlFamilyUnderTest) -> None:
    """There is nothing to copy."""
    family.drop(MODEL)
    with closing(family.master()) as session, pytest.raises(WrongStateError, match="no user 'app'"):
        session.prepare_twin(PAIR)


def test_privileges_on_what_was_dropped_are_no_difference(family: MySqlFamilyUnderTest) -> None:
    """The server keeps them, and does not take them again while the table does not exist."""
    family.run("CREATE TABLE shop.passing (id INT)")
    family.run("GRANT SELECT, INSERT (id) ON shop.passing TO app@'%'")
    family.run("DROP TABLE shop.passing")
    switch(family)
    assert differences(family) == []
    family.run("CREATE TABLE shop.passing (id INT)")
    assert len(differences(family)) == 1
    switch(family)
    assert unequal(family) == set()


def test_names_with_quotes_are_made_equal_as_well(family: MySqlFamilyUnderTest) -> None:
    """In accounts as in what they are granted."""
    from rotating_rds_function.domain.targets import Pair  # noqa: PLC0415

    pair = Pair(model="o'hara \\ `x`", twin='100% "twin"', access_role="")
    for name in (pair.model, pair.twin):
        family.made.append(name)
    family.create(pair.model, PASSWORD)
    family.run("GRANT SELECT ON shop.`odd ``name` TO 'o''hara \\ `x`'@'%'")
    family.run("GRANT reader TO 'o''hara \\ `x`'@'%'")
    switch(family, pair)
    assert differences(family, pair) == []
    assert family.accepts(pair.twin, PASSWORD)


def test_sessions_with_any_sql_mode_by_default_speak_the_same(family: MySqlFamilyUnderTest) -> None:
    """The session's own mode wins over the server's, such as ANSI_QUOTES."""
    (before,) = family.run("SELECT @@GLOBAL.sql_mode")
    family.run("SET GLOBAL sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT'")
    try:
        with closing(family.master()) as session:
            do_switch(session, PAIR, "back\\slash' password")
    finally:
        family.run(f"SET GLOBAL sql_mode = '{before[0]}'")
    assert family.accepts(TWIN, "back\\slash' password")

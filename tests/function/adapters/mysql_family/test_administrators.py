"""What an administrator needs, and whom it leaves alone; said before anything changes."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from rotating_rds_function.domain.errors import PrivilegeError, RefusedError, WrongStateError
from tests.support.accounts import MODEL, PAIR, TWIN, do_switch, each_change, unequal
from tests.support.engines import MASTER, PASSWORD

if TYPE_CHECKING:
    from tests.support.engines import MySqlFamilyUnderTest

_LIMITED = "limited"


@pytest.fixture
def limited(family: MySqlFamilyUnderTest) -> MySqlFamilyUnderTest:
    """Return the server with an administrator who may make users, and grant nothing."""
    family.user(_LIMITED)
    _allow(family, "SELECT ON mysql.*", "CREATE USER ON *.*")
    return family


def _allow(family: MySqlFamilyUnderTest, *privileges: str, option: str = "") -> None:
    for privilege in privileges:
        family.run(f"GRANT {privilege} TO {_LIMITED}@'%'{option}")


def _lacking(family: MySqlFamilyUnderTest) -> str:
    with closing(family.database().login(_LIMITED, PASSWORD)) as session, pytest.raises(PrivilegeError) as caught:
        session.check_administrator(TWIN, PAIR)
    assert caught.value.__context__ is None
    return str(caught.value)


def _switch_as_limited(family: MySqlFamilyUnderTest) -> None:
    with closing(family.database().login(_LIMITED, PASSWORD)) as session:
        do_switch(session, PAIR)


def test_every_missing_privilege_is_named_and_nothing_is_changed(
    limited: MySqlFamilyUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All at once, so that one visit of an administrator's administrator is enough."""
    for grant in ("INSERT ON shop.*", "SELECT (id) ON shop.orders", "EXECUTE ON FUNCTION shop.answer", "writer"):
        limited.run(f"GRANT {grant} TO app@'%'")
    with each_change(monkeypatch) as statements:
        sentence = _lacking(limited)
    assert "The administrator 'limited'@'%' lacks" in sentence
    for privilege in (
        "INSERT on `shop`.*",
        "GRANT OPTION on `shop`.*",
        "SELECT (`id`) on `shop`.`orders`",
        "EXECUTE on FUNCTION `shop`.`answer`",
        "'writer'",
        "WITH ADMIN OPTION",
    ):
        assert privilege in sentence
    assert statements == []
    assert limited.run(f"SELECT User FROM mysql.user WHERE User = '{TWIN}'") == ()


def test_the_right_to_make_users_is_named(family: MySqlFamilyUnderTest) -> None:
    """Without it no password can be set either."""
    family.user(_LIMITED)
    _allow(family, "SELECT ON mysql.*")
    assert "lacks CREATE USER on *.*" in _lacking(family)


def test_the_right_to_read_accounts_is_named(family: MySqlFamilyUnderTest) -> None:
    """Nothing else can be known without it."""
    family.user(_LIMITED)
    _allow(family, "CREATE USER ON *.*")
    assert "lacks SELECT on `mysql`.*" in _lacking(family)


@pytest.mark.parametrize("scope", ["*.*", "shop.*", r"`sh\_p`.*", "`sh%`.*"])
def test_a_privilege_is_had_where_a_wider_one_is(limited: MySqlFamilyUnderTest, scope: str) -> None:
    """The server is the judge: what is not named as missing, it lets the administrator do."""
    limited.run("GRANT SELECT, INSERT (id) ON shop.orders TO app@'%'")
    _allow(limited, f"SELECT, INSERT ON {scope}", option=" WITH GRANT OPTION")
    if "_" in scope:
        assert "SELECT on `shop`.`orders`" in _lacking(limited)
    else:
        _switch_as_limited(limited)
        assert unequal(limited) == set()


def test_a_privilege_by_a_role_counts(limited: MySqlFamilyUnderTest) -> None:
    """As those of the master do on RDS for MySQL."""
    limited.run("CREATE ROLE granting")
    try:
        limited.run("GRANT SELECT ON shop.* TO granting WITH GRANT OPTION")
        _allow(limited, "granting")
        to = "FOR" if limited.name == "mariadb" else "TO"
        limited.run(f"SET DEFAULT ROLE granting {to} {_LIMITED}@'%'")
        limited.run("GRANT SELECT ON shop.orders TO app@'%'")
        _switch_as_limited(limited)
        assert unequal(limited) == set()
    finally:
        limited.run("DROP ROLE granting")


def test_a_grant_option_without_the_privilege_is_not_enough(limited: MySqlFamilyUnderTest) -> None:
    """And the other way round."""
    limited.run("GRANT INSERT ON shop.* TO app@'%'")
    _allow(limited, "SELECT ON shop.*", option=" WITH GRANT OPTION")
    sentence = _lacking(limited)
    assert "INSERT on `shop`.*" in sentence
    assert "GRANT OPTION on `shop`.*" not in sentence


@pytest.mark.parametrize("privilege", ["CREATE USER", "SUPER", "SELECT WITH GRANT OPTION"])
def test_who_administers_is_no_target(family: MySqlFamilyUnderTest, privilege: str) -> None:
    """Who sets the password of such a user gets what the user has."""
    name, _, option = privilege.partition(" WITH")
    family.run(f"GRANT {name} ON *.* TO app@'%' {'WITH' + option if option else ''}")
    with closing(family.master()) as session, pytest.raises(RefusedError, match="administers others"):
        session.refuse_protected(MODEL)


def test_who_administers_by_a_role_of_a_role_is_no_target(family: MySqlFamilyUnderTest) -> None:
    """RDS gives its masters a role."""
    family.run("GRANT CREATE USER ON *.* TO writer")
    family.run("GRANT writer TO reader")
    family.run("GRANT reader TO app@'%'")
    with closing(family.master()) as session, pytest.raises(RefusedError, match="CREATE USER"):
        session.refuse_protected(MODEL)


def test_who_may_do_more_than_the_administrator_is_no_target(family: MySqlFamilyUnderTest) -> None:
    """FILE is one of the privileges that no master has on RDS."""
    family.run("GRANT FILE ON *.* TO app@'%'")
    with closing(family.master()) as session, pytest.raises(RefusedError, match=r"more than the administrator.*FILE"):
        session.refuse_protected(MODEL)


def test_an_application_s_user_is_a_target(family: MySqlFamilyUnderTest) -> None:
    """Whatever it may do with data."""
    family.run("GRANT SELECT, INSERT, RELOAD, PROCESS ON *.* TO app@'%'")
    family.run("GRANT ALL ON shop.* TO app@'%' WITH GRANT OPTION")
    with closing(family.master()) as session:
        session.refuse_protected(MODEL)


def test_a_user_who_logs_in_without_a_password_gets_none(family: MySqlFamilyUnderTest) -> None:
    """IAM authentication, for example; the plugin stays."""
    plugin = "unix_socket" if family.name == "mariadb" else "auth_socket"
    if family.name == "mysql":
        family.run("INSTALL PLUGIN auth_socket SONAME 'auth_socket.so'")
    try:
        family.run(f"ALTER USER app@'%' IDENTIFIED {'VIA' if family.name == 'mariadb' else 'WITH'} {plugin}")
        with closing(family.master()) as session:
            session.lock(MODEL)
            with pytest.raises(WrongStateError, match=plugin):
                session.replace_password(MODEL, "the second password")
            with pytest.raises(WrongStateError, match=plugin):
                session.prepare_twin(PAIR)
        assert family.run("SELECT plugin FROM mysql.user WHERE User = 'app'") == ((plugin,),)
    finally:
        family.drop(MODEL)
        if family.name == "mysql":
            family.run("UNINSTALL PLUGIN auth_socket")


def test_the_master_of_rds_is_enough(family: MySqlFamilyUnderTest) -> None:
    """It has no SUPER."""
    family.run("GRANT SELECT, INSERT ON shop.* TO app@'%' WITH GRANT OPTION")
    family.run("GRANT reader TO app@'%'")
    with closing(family.master()) as session:
        do_switch(session, PAIR)
    assert unequal(family) == set()
    grants = " ".join(line for (line,) in family.run(f"SHOW GRANTS FOR {MASTER}@'%'"))
    assert "SUPER" not in grants
    assert "ALL PRIVILEGES" not in grants

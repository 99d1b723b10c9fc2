"""Who may change whom on a real PostgreSQL: the protected are refused, missing privileges named, before any change."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from pg8000.native import identifier

from rotating_rds_function.domain.errors import PrivilegeError, RefusedError
from tests.support.postgres_users import PASSWORD, Shop

if TYPE_CHECKING:
    from rotating_rds_function.adapters.postgres import PostgresSession


def _administrator(shop: Shop, *statements: str) -> PostgresSession:
    """Return a session of a user who is made with these statements."""
    name = shop.name("administrator")
    with closing(shop.master()) as session:
        session.lock(name)
        session._run(f"CREATE ROLE {identifier(name)} LOGIN")
        session.replace_password(name, PASSWORD)
    shop.as_superuser(*(statement.format(administrator=identifier(name)) for statement in statements))
    return shop.adapter().login(name, PASSWORD)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("SUPERUSER", "is a superuser"),
        ("IN ROLE rds_superuser", "is a member of rds_superuser"),
        ("IN ROLE {boss}", "is a member of rds_superuser"),
    ],
)
def test_the_powerful_are_refused(shop: Shop, options: str, reason: str) -> None:
    """Directly or by way of another role: who resets their password is as powerful as they are."""
    boss, target = shop.name("boss"), shop.name("target")
    shop.as_superuser(f"CREATE ROLE {identifier(boss)} IN ROLE rds_superuser")
    shop.as_superuser(f"CREATE ROLE {identifier(target)} LOGIN {options.format(boss=identifier(boss))}")
    with closing(shop.master()) as session, pytest.raises(RefusedError, match=reason):
        session.refuse_protected(target)


def test_the_administrator_itself_is_refused(shop: Shop) -> None:
    """The next one would be locked out of it."""
    with closing(shop.master()) as session, pytest.raises(RefusedError, match="is the administrator itself"):
        session.refuse_protected(shop.server.master_username)


def test_an_ordinary_user_and_one_who_does_not_exist_are_not_refused(shop: Shop) -> None:
    """A twin is made in its first turn."""
    shop.provision(shop.user())
    with closing(shop.master()) as session:
        session.refuse_protected(shop.name("app"))
        session.refuse_protected(shop.name("nobody"))


def test_an_administrator_without_createrole_is_told_so(shop: Shop) -> None:
    """Before anything was changed."""
    shop.provision(shop.user())
    with (
        closing(_administrator(shop)) as session,
        pytest.raises(PrivilegeError, match=r"lacks CREATEROLE.*, without which nothing was changed"),
    ):
        session.check_administrator(shop.pair.twin, shop.pair)


def test_from_16_on_an_administrator_without_admin_option_is_told_which(shop: Shop) -> None:
    """CREATEROLE reached every role before, and reaches the own ones since."""
    shop.provision(shop.user())
    with closing(_administrator(shop, "ALTER ROLE {administrator} CREATEROLE")) as session:
        [(version,)] = session._run("SELECT pg_catalog.current_setting('server_version_num')::integer / 10000")
        if version >= 16:
            with pytest.raises(PrivilegeError) as caught:
                session.check_administrator(shop.pair.model, shop.pair)
            assert f"ADMIN OPTION on role {shop.pair.model}" in str(caught.value)
            assert f"ADMIN OPTION on role {shop.pair.access_role}" in str(caught.value)
        else:
            session.check_administrator(shop.pair.model, shop.pair)


def test_an_administrator_other_than_the_master_alternates_with_what_the_check_asks_for(shop: Shop) -> None:
    """CREATEROLE and ADMIN OPTION, and nothing else."""
    shop.provision(shop.user())
    granted = [
        "ALTER ROLE {administrator} CREATEROLE",
        f"GRANT {identifier(shop.pair.access_role)} TO {{administrator}} WITH ADMIN OPTION",
    ]
    with closing(_administrator(shop, *granted)) as session:
        session.check_administrator(shop.pair.twin, shop.pair)
        session.lock(shop.pair.model)
        session.prepare_twin(shop.pair)
        session.replace_password(shop.pair.twin, PASSWORD)
    assert shop.differences() == []
    shop.run(shop.pair.twin, "SELECT 1")


def test_an_administrator_who_acts_as_another_role_is_taken_for_who_logged_in(shop: Shop) -> None:
    """Masters are made to act as an owner now and then."""
    shop.provision(shop.user())
    statements = ["ALTER ROLE {administrator} CREATEROLE", "ALTER ROLE {administrator} SET role TO pg_monitor"]
    with closing(_administrator(shop, "GRANT pg_monitor TO {administrator}", *statements)) as session:
        assert session._run("SELECT current_user") == [["pg_monitor"]]
        with pytest.raises(RefusedError, match="is the administrator itself"):
            session.refuse_protected(shop.name("administrator"))
        session.check_administrator(shop.name("nobody"), None)

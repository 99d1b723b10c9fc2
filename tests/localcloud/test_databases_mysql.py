from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

import pymysql
import pytest

from tests.support.mysql import connect
from tests.support.postgres import MASTER_PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymysql.cursors import Cursor

    from localcloud.databases import Authority, MySqlServer

# "Role-based privilege model for RDS for MySQL", as far as MySQL 8.4 and later have the privileges.
RDS = """
    ALTER, ALTER ROUTINE, APPLICATION_PASSWORD_ADMIN, CREATE, CREATE ROLE, CREATE ROUTINE, CREATE TEMPORARY TABLES,
    CREATE USER, CREATE VIEW, DELETE, DROP, DROP ROLE, EVENT, EXECUTE, INDEX, INSERT, LOCK TABLES, PROCESS, REFERENCES,
    RELOAD, REPLICATION CLIENT, REPLICATION SLAVE, ROLE_ADMIN, SELECT, SET_ANY_DEFINER, SHOW DATABASES, SHOW VIEW,
    TRIGGER, UPDATE, XA_RECOVER_ADMIN
"""


@pytest.fixture
def master(mysql: MySqlServer, authority: Authority) -> Iterator[Cursor]:
    """Return a cursor of the master user."""
    connection = connect(mysql, authority, user=mysql.master_username, password=MASTER_PASSWORD)
    with contextlib.closing(connection), connection.cursor() as cursor:
        yield cursor


def _grants(cursor: Cursor, account: str) -> list[str]:
    cursor.execute(f"SHOW GRANTS FOR {account}")
    return [row[0] for row in cursor.fetchall()]


def _privileges(grants: list[str]) -> set[str]:
    found = [re.match(r"GRANT (.+) ON \*\.\* TO .* WITH GRANT OPTION$", grant) for grant in grants]
    return {name.strip() for match in found if match for name in match[1].split(",")}


@pytest.mark.parametrize("account", ["CURRENT_USER", "rds_superuser_role"])
def test_master_and_role_have_what_rds_documents_and_nothing_more(master: Cursor, account: str) -> None:
    """Every privilege can be handed on, and neither SUPER nor SYSTEM_USER is among them."""
    assert _privileges(_grants(master, account)) == {name.strip() for name in RDS.split(",")}


def test_the_master_is_a_member_of_the_role(master: Cursor) -> None:
    """As on RDS since 8.0.36, where it is not active without SET ROLE."""
    assert "GRANT `rds_superuser_role`@`%` TO `orders_master`@`%`" in _grants(master, "CURRENT_USER")
    master.execute("SELECT CURRENT_ROLE()")
    assert master.fetchone() == ("NONE",)


def test_nobody_can_log_in_as_the_role(mysql: MySqlServer, authority: Authority) -> None:
    """A role is an account too; this one is locked."""
    with pytest.raises(pymysql.err.OperationalError, match=r"3118|1045"):
        connect(mysql, authority, user="rds_superuser_role", password="")


def test_the_master_can_retain_the_current_password_of_another(
    mysql: MySqlServer, authority: Authority, master: Cursor
) -> None:
    """Both passwords log in until the old one is discarded."""
    master.execute("CREATE USER two_passwords@'%' IDENTIFIED BY 'first'")
    try:
        master.execute("ALTER USER two_passwords@'%' IDENTIFIED BY 'second' RETAIN CURRENT PASSWORD")
        for password in ("first", "second"):
            connect(mysql, authority, user="two_passwords", password=password).close()
        master.execute("ALTER USER two_passwords@'%' DISCARD OLD PASSWORD")
        with pytest.raises(pymysql.err.OperationalError, match="1045"):
            connect(mysql, authority, user="two_passwords", password="first")
    finally:
        master.execute("DROP USER two_passwords@'%'")


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER USER rdsadmin@localhost IDENTIFIED BY 'mine'",
        "DROP USER rdsadmin@localhost",
        "REVOKE ALL PRIVILEGES, GRANT OPTION FROM rdsadmin@localhost",
    ],
)
def test_the_master_cannot_touch_the_superuser(master: Cursor, statement: str) -> None:
    """`rdsadmin` has SYSTEM_USER, which shields it from everybody without."""
    with pytest.raises(pymysql.err.OperationalError, match="1227"):
        master.execute(statement)


def test_passwords_of_users_are_redacted_in_the_log(mysql: MySqlServer, master: Cursor) -> None:
    """MySQL itself writes <secret> in their place: what a test finds in the log was not sent in such a statement."""
    master.execute("CREATE USER redacted@'%' IDENTIFIED BY 'not to be logged'")
    master.execute("DROP USER redacted@'%'")
    logged = mysql.general_log.read_text()
    assert "CREATE USER 'redacted'@'%' IDENTIFIED BY <secret>" in logged
    assert "not to be logged" not in logged

from __future__ import annotations

import contextlib
import hashlib
import re
from typing import TYPE_CHECKING

import pytest

from tests.support.mysql import connect
from tests.support.postgres import MASTER_PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymysql.cursors import Cursor

    from localcloud.databases import Authority, MariaDbServer

# "Master user account privileges", where MariaDB since 10.5 calls REPLICATION CLIENT by its new name.
RDS = """
    SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW DATABASES,
    CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, BINLOG MONITOR, CREATE VIEW, SHOW VIEW,
    CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER
"""


@pytest.fixture
def master(mariadb: MariaDbServer, authority: Authority) -> Iterator[Cursor]:
    """Return a cursor of the master user."""
    connection = connect(mariadb, authority, user=mariadb.master_username, password=MASTER_PASSWORD)
    with contextlib.closing(connection), connection.cursor() as cursor:
        yield cursor


def test_the_master_has_what_rds_documents_and_nothing_more(master: Cursor) -> None:
    """Every privilege can be handed on, and SUPER is not among them."""
    master.execute("SHOW GRANTS")
    (grant,) = [row[0] for row in master.fetchall()]
    match = re.match(r"GRANT (.+) ON \*\.\* TO `orders_master`@`%` .* WITH GRANT OPTION$", grant)
    assert match is not None
    assert {name.strip() for name in match[1].split(",")} == {name.strip() for name in RDS.split(",")}


def test_passwords_of_users_are_not_redacted_in_the_log(mariadb: MariaDbServer, master: Cursor) -> None:
    """MariaDB writes them as they were sent: what a test does not find in the log was never sent in plain text."""
    master.execute("CREATE USER logged@'%' IDENTIFIED BY 'logged as it was sent'")
    master.execute("DROP USER logged@'%'")
    assert "logged as it was sent" in mariadb.general_log.read_text()


def test_a_password_can_be_set_by_its_hash(mariadb: MariaDbServer, authority: Authority, master: Cursor) -> None:
    """The way to keep it out of the log: the server takes the hash of a client, and the password logs in."""
    hashed = "*" + "".join(f"{byte:02X}" for byte in _native_hash("never sent"))
    master.execute(f"CREATE USER hashed@'%' IDENTIFIED BY PASSWORD '{hashed}'")
    try:
        connect(mariadb, authority, user="hashed", password="never sent").close()
    finally:
        master.execute("DROP USER hashed@'%'")
    assert "never sent" not in mariadb.general_log.read_text()


def _native_hash(password: str) -> bytes:
    inner = hashlib.sha1(password.encode()).digest()  # noqa: S324  the hash that mysql_native_password is made of
    return hashlib.sha1(inner).digest()  # noqa: S324

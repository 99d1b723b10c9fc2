"""Two accounts are made equal by structure, and the server itself is asked whether they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rotating_rds_function.domain.targets import Pair
from tests.support.accounts import MODEL, TWIN, description, differences, switch, unequal
from tests.support.engines import MASTER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.engines import MySqlFamilyUnderTest

_BACK = Pair(model=TWIN, twin=MODEL, access_role="")
_BEYOND_RDS = "SLAVE MONITOR, DELETE HISTORY"

# What an account can be given; {} is the account.
_GRANTS = {
    "everything": ["GRANT SELECT, RELOAD, CREATE TEMPORARY TABLES ON *.* TO {}"],
    "a database": ["GRANT SELECT, INSERT, LOCK TABLES, CREATE VIEW, EVENT ON shop.* TO {}"],
    "a database, with grant option": ["GRANT SELECT ON shop.* TO {} WITH GRANT OPTION"],
    "the grant option alone": ["GRANT USAGE ON shop.* TO {} WITH GRANT OPTION"],
    "a pattern of databases": [r"GRANT SELECT ON `shop\_%`.* TO {}"],
    "a table": ["GRANT SELECT, DELETE, SHOW VIEW ON shop.orders TO {}"],
    "a table with an odd name": ["GRANT SELECT ON shop.`odd ``name` TO {} WITH GRANT OPTION"],
    "a table's grant option alone": ["GRANT USAGE ON shop.orders TO {} WITH GRANT OPTION"],
    "columns": ["GRANT SELECT (id), UPDATE (id, note) ON shop.orders TO {}"],
    "a column with an odd name": ["GRANT SELECT (`a``b`) ON shop.`odd ``name` TO {}"],
    "columns beside their table": ["GRANT SELECT, UPDATE (note) ON shop.orders TO {}"],
    "a procedure": ["GRANT EXECUTE, ALTER ROUTINE ON PROCEDURE shop.tidy TO {} WITH GRANT OPTION"],
    "a function": ["GRANT EXECUTE ON FUNCTION shop.answer TO {}"],
    "a role": ["GRANT reader TO {}"],
    "a role to hand on": ["GRANT reader TO {} WITH ADMIN OPTION"],
    "two roles": ["GRANT reader TO {}", "GRANT writer TO {} WITH ADMIN OPTION"],
    "limits": ["ALTER USER {} WITH MAX_QUERIES_PER_HOUR 7 MAX_UPDATES_PER_HOUR 6 MAX_USER_CONNECTIONS 5"],
    "a demand for TLS": ["ALTER USER {} REQUIRE SSL"],
    "a demand for certificates": ["ALTER USER {} REQUIRE SUBJECT '/CN=o''hara' AND ISSUER '/CN=x' AND CIPHER 'y'"],
    "expiry": ["ALTER USER {} PASSWORD EXPIRE INTERVAL 30 DAY"],
    "no expiry": ["ALTER USER {} PASSWORD EXPIRE NEVER"],
}
_OWN_GRANTS = {
    "mysql": {
        "a dynamic privilege": ["GRANT XA_RECOVER_ADMIN ON *.* TO {}"],
        "a dynamic privilege to hand on": ["GRANT XA_RECOVER_ADMIN ON *.* TO {} WITH GRANT OPTION"],
        "a default role": ["GRANT reader, writer TO {}", "ALTER USER {} DEFAULT ROLE reader"],
        "all roles as default": ["GRANT reader, writer TO {}", "ALTER USER {} DEFAULT ROLE ALL"],
        "a default role to hand on": ["GRANT reader TO {} WITH ADMIN OPTION", "ALTER USER {} DEFAULT ROLE reader"],
        "rules for passwords": [
            "ALTER USER {} PASSWORD HISTORY 3 PASSWORD REUSE INTERVAL 0 DAY PASSWORD REQUIRE CURRENT OPTIONAL"
        ],
        "locking after failures": ["ALTER USER {} FAILED_LOGIN_ATTEMPTS 3 PASSWORD_LOCK_TIME UNBOUNDED"],
    },
    "mariadb": {
        "a default role": ["GRANT reader TO {}", "SET DEFAULT ROLE reader FOR {}"],
        "a default role to hand on": ["GRANT reader TO {} WITH ADMIN OPTION", "SET DEFAULT ROLE reader FOR {}"],
        "a privilege of MariaDB alone": ["GRANT DELETE HISTORY ON shop.* TO {}"],
        "a global one of MariaDB alone": ["GRANT SLAVE MONITOR, BINLOG MONITOR ON *.* TO {}"],
        "a limit of time": ["ALTER USER {} WITH MAX_STATEMENT_TIME 2.5"],
    },
}


@pytest.fixture(autouse=True)
def master_with_privileges_of_mariadb(family: MySqlFamilyUnderTest) -> Iterator[None]:
    """Let the master hand on what its kin on RDS does not have; only for as long as a test, for others share it."""
    if family.name != "mariadb":
        yield
        return
    family.run(f"GRANT {_BEYOND_RDS} ON *.* TO {MASTER} WITH GRANT OPTION")
    yield
    family.run(f"REVOKE {_BEYOND_RDS} ON *.* FROM {MASTER}")


def _give(family: MySqlFamilyUnderTest, user: str, what: str) -> None:
    statements = {**_GRANTS, **_OWN_GRANTS[family.name]}[what]
    for statement in statements:
        family.run(statement.format(f"'{user}'@'%'"))


each_privilege = pytest.mark.parametrize(
    ("family", "what"),
    [(engine, what) for engine, own in _OWN_GRANTS.items() for what in (*_GRANTS, *own)],
    indirect=["family"],
)


@each_privilege
def test_a_new_twin_gets_what_the_model_has(family: MySqlFamilyUnderTest, what: str) -> None:
    """The server says the same of both."""
    _give(family, MODEL, what)
    switch(family)
    assert unequal(family) == set()
    assert differences(family) == []


@each_privilege
def test_a_grant_reaches_the_twin_at_the_next_switch(family: MySqlFamilyUnderTest, what: str) -> None:
    """It is a difference until then."""
    switch(family)
    _give(family, MODEL, what)
    assert differences(family) != []
    switch(family)
    assert unequal(family) == set()
    assert differences(family) == []


@each_privilege
def test_a_revoke_reaches_the_twin_at_the_next_switch(family: MySqlFamilyUnderTest, what: str) -> None:
    """Whatever only the twin has goes."""
    switch(family)
    _give(family, TWIN, what)
    assert differences(family) != []
    switch(family)
    assert unequal(family) == set()
    assert differences(family) == []


def test_a_grant_on_the_second_login_reaches_the_first_when_the_turn_is_back(family: MySqlFamilyUnderTest) -> None:
    """Two switches: no login is the main one."""
    family.run("GRANT reader TO app@'%'")
    switch(family)
    family.run(f"GRANT INSERT ON shop.* TO {TWIN}@'%' WITH GRANT OPTION")
    family.run(f"REVOKE reader FROM {TWIN}@'%'")
    switch(family, _BACK, "the next password")
    assert unequal(family) == set()
    assert any("INSERT" in line for line in description(family, MODEL))
    assert not any("reader" in line for line in description(family, MODEL))


def test_a_default_role_that_loses_its_admin_option_stays_a_default_role(family: MySqlFamilyUnderTest) -> None:
    """The option goes by a revoke of the whole role, and with that the default."""
    _give(family, MODEL, "a default role")
    switch(family)
    family.run(f"GRANT reader TO {TWIN}@'%' WITH ADMIN OPTION")
    switch(family)
    assert unequal(family) == set()
    assert differences(family) == []

"""Pairs of accounts on real MySQL and MariaDB servers, and what the server itself says of them."""

from __future__ import annotations

import re
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from rotating_rds_function.adapters.mysql_connection import MySqlConnection
from rotating_rds_function.domain.errors import UnreachableError
from rotating_rds_function.domain.targets import Pair
from tests.support.engines import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

    from rotating_rds_function.domain.ports import DatabaseSession
    from tests.support.engines import MySqlFamilyUnderTest

MODEL, TWIN = "app", "app_clone"
PAIR = Pair(model=MODEL, twin=TWIN, access_role="")

_CHANGES = re.compile(r"\s*(?:GRANT|REVOKE|CREATE|ALTER|RENAME|SET (?:DEFAULT|PASSWORD))\b")
_IDENTIFICATION = re.compile(
    r" IDENTIFIED (?:BY PASSWORD|(?:WITH|VIA) '?\w+'?(?: (?:AS|USING))?)(?: (?:'(?:[^']|'')*'|0x[0-9A-F]*))?"
)


def switch(engine: MySqlFamilyUnderTest, pair: Pair = PAIR, password: str = PASSWORD) -> None:
    """Do in the database what one rotation of a pair does."""
    with closing(engine.master()) as session:
        do_switch(session, pair, password)


def do_switch(session: DatabaseSession, pair: Pair, password: str = PASSWORD) -> None:
    """Do it in a session."""
    session.check_administrator(pair.twin, pair)
    session.lock(MODEL)
    session.prepare_twin(pair)
    session.replace_password(pair.twin, password)


def differences(engine: MySqlFamilyUnderTest, pair: Pair = PAIR) -> list[str]:
    """Return what the master finds."""
    with closing(engine.master()) as session:
        return session.differences(pair)


def description(engine: MySqlFamilyUnderTest, name: str, host: str = "%") -> set[str]:
    """Return all that the server says of an account, apart from its name and its password."""
    account = f"'{name}'@'{host}'"
    # MySQL 9.7 goes on showing an interval after PASSWORD EXPIRE DEFAULT until it reads its tables again.
    engine.run("FLUSH PRIVILEGES")
    lines = [*engine.run(f"SHOW GRANTS FOR {account}"), *engine.run(f"SHOW CREATE USER {account}")]
    said = (re.sub(rf"[`']{name}[`']@", "<account>@", line) for (line,) in lines)
    return {_IDENTIFICATION.sub("", line) for line in said}


def unequal(engine: MySqlFamilyUnderTest) -> set[str]:
    """Return what the server says of one login of the pair alone."""
    return description(engine, TWIN) ^ description(engine, MODEL)


@contextmanager
def interrupted(monkeypatch: pytest.MonkeyPatch, after: int) -> Iterator[None]:
    """Break every connection once so many changing statements were carried out."""
    with each_change(monkeypatch) as seen:
        original = MySqlConnection.attempt

        def attempt(self: MySqlConnection, statement: str) -> Any:
            if len(seen) >= after and _CHANGES.match(statement):
                self.close()
                raise UnreachableError("The test cut the connection.")
            return original(self, statement)

        with monkeypatch.context() as patch:
            patch.setattr(MySqlConnection, "attempt", attempt)
            yield


@contextmanager
def each_change(monkeypatch: pytest.MonkeyPatch, then: Callable[[], None] = lambda: None) -> Iterator[list[str]]:
    """Yield the list of changing statements that the adapter has run; do something after each of them."""
    seen: list[str] = []
    original = MySqlConnection.attempt

    def attempt(self: MySqlConnection, statement: str) -> Any:
        answer = original(self, statement)
        if _CHANGES.match(statement):
            seen.append(statement)
            then()
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(MySqlConnection, "attempt", attempt)
        yield seen

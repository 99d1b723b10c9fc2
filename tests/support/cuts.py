"""Cutting the connections of the function, whatever the engine, once so many statements were carried out."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rotating_rds_function.adapters.mysql_connection import MySqlConnection
from rotating_rds_function.adapters.postgres import PostgresSession
from rotating_rds_function.domain.errors import WrongStateError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

_READS = re.compile(r"\s*(?:SELECT|SET SESSION)\b")


SENTENCE = "The test cut the connection."


@contextmanager
def cut(monkeypatch: pytest.MonkeyPatch, after: int | None = None) -> Iterator[list[str]]:
    """Yield the list of changing statements that were carried out; break every connection after so many."""
    seen: list[str] = []

    def around(original: Any) -> Any:
        def run(session: Any, statement: str, **parameters: Any) -> Any:
            if _READS.match(statement):
                return original(session, statement, **parameters)
            if len(seen) == after:
                session.close()
                raise WrongStateError(SENTENCE)  # a kind that nobody repeats
            seen.append(statement)
            return original(session, statement, **parameters)

        return run

    with monkeypatch.context() as patch:
        patch.setattr(MySqlConnection, "attempt", around(MySqlConnection.attempt))
        patch.setattr(PostgresSession, "_run", around(PostgresSession._run))
        yield seen

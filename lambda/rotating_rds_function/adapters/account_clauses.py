"""The clauses of ALTER USER that MySQL and MariaDB have in common, made from the columns of mysql.user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotating_rds_function.adapters.mysql_text import literal

if TYPE_CHECKING:
    from rotating_rds_function.adapters.mysql_connection import Row


def tls_requirement(row: Row) -> str:
    """Return what an account demands of its connections."""
    parts = {"SUBJECT": row["x509_subject"], "ISSUER": row["x509_issuer"], "CIPHER": row["ssl_cipher"]}
    given = [f"{name} {literal(_text(value))}" for name, value in parts.items() if value]
    simple = {"": "NONE", "ANY": "SSL", "X509": "X509"}
    return "REQUIRE " + simple.get(row["ssl_type"], " AND ".join(given))


def limits(row: Row) -> str:
    """Return how much an account may do; 0 is as much as it likes."""
    return (
        f"WITH MAX_QUERIES_PER_HOUR {row['max_questions']} MAX_UPDATES_PER_HOUR {row['max_updates']} "
        f"MAX_CONNECTIONS_PER_HOUR {row['max_connections']} MAX_USER_CONNECTIONS {row['max_user_connections']}"
    )


def expiry(days: int | None) -> str:
    """Return when passwords of an account expire.

    :param days: 0 is never; None is what the server has as its default.
    """
    if days is None:
        return "PASSWORD EXPIRE DEFAULT"
    return f"PASSWORD EXPIRE INTERVAL {days} DAY" if days else "PASSWORD EXPIRE NEVER"


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value

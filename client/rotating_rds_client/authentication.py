"""Tell an authentication error from every other one, without importing a database driver."""

from __future__ import annotations

from collections.abc import Callable, Mapping

# https://www.postgresql.org/docs/current/errcodes-appendix.html, class 28, which MySQL's drivers use as well
_SQLSTATES = frozenset({"28P01", "28000"})
# https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html, ER_ACCESS_DENIED_ERROR, and MariaDB
_MYSQL_CODES = frozenset({1045})
# libpq keeps the SQLSTATE of a failed login to itself, so that psycopg has nothing but the server's (English) sentence
_LIBPQ_PHRASES = ("password authentication failed for user", "is not permitted to log in")


def is_authentication_error(error: BaseException) -> bool:
    """Tell whether a database refused the user name or the password.

    :param error: What the ``connect`` of pg8000, psycopg, asyncpg or PyMySQL raised; errors of other drivers are
        recognised as far as they follow one of the same conventions.
    """
    return any(recognises(error) for recognises in _CONVENTIONS) or _is_wrapped(error)


def _is_wrapped(error: BaseException) -> bool:
    """As SQLAlchemy does: its errors carry that of the driver."""
    original = getattr(error, "orig", None)
    return isinstance(original, BaseException) and original is not error and is_authentication_error(original)


def _by_sqlstate_attribute(error: BaseException) -> bool:
    """As asyncpg and psycopg (while connected) do."""
    return getattr(error, "sqlstate", None) in _SQLSTATES


def _by_response_fields(error: BaseException) -> bool:
    """As pg8000 does: the only argument is the server's error response, its SQLSTATE under ``C``."""
    fields = error.args[0] if error.args else None
    return isinstance(fields, Mapping) and fields.get("C") in _SQLSTATES


def _by_mysql_code(error: BaseException) -> bool:
    """As PyMySQL and mysqlclient do: the first of two arguments is the server's error code."""
    return len(error.args) > 1 and isinstance(error.args[0], int) and error.args[0] in _MYSQL_CODES


def _by_libpq_message(error: BaseException) -> bool:
    """As psycopg does when it cannot connect: an OperationalError that carries the finished connection."""
    if getattr(error, "pgconn", None) is None or getattr(error, "sqlstate", None) is not None:
        return False
    message = str(error)
    return "FATAL:" in message and any(phrase in message for phrase in _LIBPQ_PHRASES)


_CONVENTIONS: tuple[Callable[[BaseException], bool], ...] = (
    _by_sqlstate_attribute,
    _by_response_fields,
    _by_mysql_code,
    _by_libpq_message,
)

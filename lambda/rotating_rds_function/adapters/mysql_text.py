"""How names and values stand in a statement of MySQL or MariaDB.

Every session of ours sets the SQL mode NO_BACKSLASH_ESCAPES and the character set utf8mb4: in a literal, the quote is
then the only character with a meaning, on either engine and whatever the server's own settings are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rotating_rds_function.domain.errors import ConfigurationError
from rotating_rds_function.domain.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

_LAST_OF_BMP: Final = 0xFFFF  # the engines keep names in utf8mb3


def literal(text: str) -> str:
    """Return a text as a string literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Return the name of a database, table, column or routine."""
    return "`" + name.replace("`", "``") + "`"


def select(columns: str, table: str, where: str) -> str:
    """Return a query; the names in it are ours, and the values in *where* are literals."""
    return f"SELECT {columns} FROM {table} WHERE {where}"  # noqa: S608 - see above


def any_of(columns: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    """Return the condition that the columns hold one of these rows of values, of which there must be some."""
    listed = ", ".join(f"({', '.join(map(literal, row))})" for row in sorted(rows))
    return f"({', '.join(columns)}) IN ({listed})"


def check_name(username: str, *, longest: int) -> None:
    """Refuse a user name that the server would cut or convert, and so take for another one.

    :param longest: characters that the engine's names may have.
    :raises ConfigurationError: if it is one.
    """
    characters = (0 < ord(character) <= _LAST_OF_BMP for character in username)
    if not 0 < len(username) <= longest or username != username.strip(" ") or not all(characters):
        raise ConfigurationError(
            f"The user name {shown(username)} is none that the engine can hold (1 to {longest} characters of Unicode's "
            "basic plane, no NUL, no blank at its ends): deploy a name that it can."
        )

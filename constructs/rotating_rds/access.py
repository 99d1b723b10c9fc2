"""What a user may do in a database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotating_rds.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LONGEST_NAME = 63
_DEFAULT = ""


@dataclass(frozen=True)
class Access:
    """Privileges of a user, exactly: what is not declared is taken away; made by a factory such as :meth:`read_write`.

    A level holds for what a schema has and for what is made in it later.

    :param levels: schema, or the database's default one where empty, to level.
    :param extra: statements for what no level has.
    """

    levels: tuple[tuple[str, str], ...] = ()
    extra: tuple[str, ...] = ()

    @classmethod
    def read_only(cls, *schemas: str) -> Access:
        """Return the right to read.

        :param schemas: in which; PostgreSQL's `public`, or the database itself on MySQL and MariaDB, unless given.
        """
        return cls._level("read_only", schemas)

    @classmethod
    def read_write(cls, *schemas: str) -> Access:
        """Return the right to read and change rows, but nothing about tables.

        :param schemas: see :meth:`read_only`.
        """
        return cls._level("read_write", schemas)

    @classmethod
    def ddl(cls, *schemas: str) -> Access:
        """Return the right to create, change and drop tables as well; for migrations.

        On PostgreSQL such a user acts as the owner of all schemas that this library manages in the database.

        :param schemas: see :meth:`read_only`.
        """
        return cls._level("ddl", schemas)

    @classmethod
    def statements(cls, statements: Iterable[str]) -> Access:
        """Return privileges that no level has.

        :param statements: run in their order at each deployment that changes something about the user; `{grantee}` in
            them is who gets privileges: the user's access role on PostgreSQL, each of its logins elsewhere.
        """
        texts = tuple(statements)
        for text in texts:
            if "{grantee}" not in text:
                raise DeclarationError(
                    f"The statement {text!r} of Access.statements() names no {{grantee}}: write whom it is about, such "
                    "as 'GRANT EXECUTE ON FUNCTION shop.total TO {grantee}'."
                )
        return cls(extra=texts)

    def and_(self, other: Access) -> Access:
        """Return both together.

        :raises DeclarationError: if they disagree about a schema.
        """
        levels = dict(self.levels)
        for schema, level in other.levels:
            if levels.setdefault(schema, level) != level:
                raise DeclarationError(
                    f"Access names the schema {schema or 'of the database'!r} as {levels[schema]} and as {level}: "
                    "give it one level."
                )
        return Access(tuple(levels.items()), self.extra + other.extra)

    def schemas(self, default: str | None) -> Mapping[str, str]:
        """Return schema to level.

        :param default: the schema where none was named.
        :raises DeclarationError: if none was named and there is no default.
        """
        if default is None and any(schema == _DEFAULT for schema, _ in self.levels):
            raise DeclarationError(
                "Access names no schema, and this database was declared without database_name=: name one, such as "
                "Access.read_write('shop')."
            )
        return {schema or str(default): level for schema, level in self.levels}

    @classmethod
    def _level(cls, level: str, schemas: tuple[str, ...]) -> Access:
        for schema in schemas:
            if not 0 < len(schema.encode()) <= _LONGEST_NAME or "\0" in schema:
                raise DeclarationError(
                    f"The schema {schema!r} has no name of 1 to {_LONGEST_NAME} bytes: give the name of a schema."
                )
        return cls(tuple((schema, level) for schema in schemas or (_DEFAULT,)))

from __future__ import annotations

import pytest

from rotating_rds import Access, DeclarationError


def test_levels_and_statements_add_up() -> None:
    """In the order in which they were given."""
    access = Access.read_only("a", "b").and_(Access.read_write()).and_(Access.statements(["GRANT x TO {grantee}"]))
    assert access.schemas("public") == {"a": "read_only", "b": "read_only", "public": "read_write"}
    assert access.extra == ("GRANT x TO {grantee}",)


def test_the_same_level_twice_is_no_contradiction() -> None:
    """Declarations may be put together from parts."""
    assert Access.ddl("a").and_(Access.ddl("a")).schemas(None) == {"a": "ddl"}


def test_two_levels_for_one_schema_are_refused() -> None:
    """The weaker one would take away what the stronger one gives."""
    with pytest.raises(DeclarationError, match=r"the schema 'a' as read_only and as ddl: give it one level"):
        Access.read_only("a").and_(Access.ddl("a"))


@pytest.mark.parametrize("name", ["x" * 64, "é" * 32, "nul\0"])
def test_a_name_that_no_schema_can_have_is_refused(name: str) -> None:
    """With what a name may be."""
    with pytest.raises(DeclarationError, match=r"has no name of 1 to 63 bytes"):
        Access.read_only(name)


def test_a_statement_about_nobody_is_refused() -> None:
    """It would be about whoever its author thought of, but not about the second login of a pair."""
    with pytest.raises(DeclarationError, match=r"'GRANT x TO web' .* names no \{grantee\}: write whom"):
        Access.statements(["GRANT x TO web"])

"""Generated passwords."""

from __future__ import annotations

import string
from unittest.mock import patch

from rotating_rds_function.domain import passwords


def test_a_password_has_the_length_and_none_of_the_excluded_characters() -> None:
    """RDS refuses some characters, and CloudFormation hands the password to RDS again later."""
    for _ in range(200):
        password = passwords.generate()
        assert len(password) == passwords.LENGTH
        assert not set(password) & set(passwords.EXCLUDED)


def test_a_password_has_every_class_of_characters() -> None:
    """Password policies of databases ask for it."""
    for _ in range(200):
        password = passwords.generate()
        for characters in (string.ascii_lowercase, string.ascii_uppercase, string.digits, ",-.=^_"):
            assert set(password) & set(characters)


def test_no_password_comes_twice() -> None:
    """They are random."""
    assert len({passwords.generate() for _ in range(200)}) == 200


def test_passwords_come_from_the_generator_of_the_operating_system() -> None:
    """The module `random` would be predictable."""
    draws = iter(("a" * 28 + "B3-x") * 3)
    with patch("secrets.choice", lambda _alphabet: next(draws)):
        assert passwords.generate() == "a" * 28 + "B3-x"


def test_a_draw_that_lacks_a_class_is_drawn_again() -> None:
    """Nothing is planted, so that no position is less random than the others."""
    draws = iter("a" * 32 + "a" * 28 + "B3-x")
    with patch("secrets.choice", lambda _alphabet: next(draws)):
        assert passwords.generate() == "a" * 28 + "B3-x"

from __future__ import annotations

import pytest

from rotating_rds import DeclarationError
from tests.support.declarations import POSTGRES, new_declaration


@pytest.mark.parametrize("name", ["postgres", "admin", "root", "Admin", "master", "administrator", "user"])
def test_names_that_attackers_try_first_are_refused(name: str) -> None:
    """A guessable master name is half of a credential."""
    with pytest.raises(DeclarationError, match=f"'{name}' is among the names that attackers try first: choose"):
        POSTGRES.check_master_username(name)


@pytest.mark.parametrize("name", ["rdsadmin", "rds_superuser", "RDSADMIN", "pg_monitor"])
def test_names_that_rds_keeps_for_itself_are_refused(name: str) -> None:
    """RDS would refuse them in the middle of a deployment."""
    with pytest.raises(DeclarationError, match=f"'{name}' is reserved on postgres: choose another"):
        POSTGRES.check_master_username(name)


@pytest.mark.parametrize("name", ["", "1st", "_hidden", "with-hyphen", "with space", "O'Hara", "été", "x" * 64])
def test_names_that_rds_cannot_hold_are_refused(name: str) -> None:
    """Letters, digits and underscores, 63 at most, beginning with a letter."""
    with pytest.raises(DeclarationError, match="is refused by RDS: choose 1 to 63 letters"):
        POSTGRES.check_master_username(name)


@pytest.mark.parametrize("name", ["dbadmin", "Orders_2", "x", "x" * 63])
def test_other_names_are_taken(name: str) -> None:
    """What RDS takes is not refused."""
    assert POSTGRES.check_master_username(name) == name


def test_the_check_is_made_at_synth() -> None:
    """The construct refuses a bad name before anything is deployed."""
    with pytest.raises(DeclarationError, match="master_username 'root'"):
        new_declaration().database(master_username="root")

"""The matrix, by the policies of the templates alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.iam import matrix, proof
from tests.support.iam.account import Account
from tests.support.iam.requests import verdicts

if TYPE_CHECKING:
    from tests.support.iam.matrix import Case


@pytest.fixture(scope="module")
def account() -> Account:
    """Return what the templates of the environment would make."""
    return Account(proof.templates())


@pytest.fixture(scope="module")
def answers(account: Account) -> dict[Case, bool]:
    """Return what the simulator says to every case."""
    return verdicts(account, matrix.cases())


@pytest.mark.parametrize("principal", matrix.principals())
def test_the_policies_say_what_the_table_says(principal: str, answers: dict[Case, bool]) -> None:
    """Every action of a principal on every secret and function."""
    own = {case: answer for case, answer in answers.items() if case.principal == principal}
    assert own
    assert [case for case, answer in own.items() if answer is not case.allowed] == []


def test_the_table_knows_every_role_secret_and_function(account: Account) -> None:
    """Whatever the environment declares has its row or column; and the table names nothing else."""
    assert set(matrix.places().values()) == {*account.roles, *account.secrets, *account.functions}
    assert {case.principal for case in matrix.cases()} >= set(matrix.principals())


def test_most_of_the_table_is_denials() -> None:
    """At least 60 cases, and at least half of them denied."""
    cases = matrix.cases()
    denied = sum(not case.allowed for case in cases)
    assert len(cases) == len(set(cases)) >= 60
    assert denied >= len(cases) / 2

"""The matrix, executed under the deployed roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from localcloud.cloud import LocalCloud
from tests.support.iam import matrix
from tests.support.iam.deployed import DeployedProof

if TYPE_CHECKING:
    from collections.abc import Iterator

_THROUGH_SERVICE = "kms:Decrypt through Secrets Manager"


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeployedProof]:
    """The environment of the proof, deployed once."""
    folder = tmp_path_factory.mktemp("iam")
    with LocalCloud.start(folder / "cloud") as cloud:
        yield DeployedProof.deploy(cloud, folder)


@pytest.mark.parametrize("principal", matrix.principals())
def test_a_role_gets_what_the_table_says(principal: str, deployed: DeployedProof) -> None:
    """Every action of a principal on every secret and function, tried as that principal."""
    own = [case for case in matrix.cases() if case.principal == principal and case.action != _THROUGH_SERVICE]
    assert own
    assert [case for case in own if deployed.permits(case) is not case.allowed] == []


@pytest.mark.parametrize("principal", matrix.principals())
def test_a_key_opens_what_the_table_says_to_whoever_may_read_every_secret(
    principal: str, deployed: DeployedProof
) -> None:
    """A role whose right on secrets went too far: the key still knows which secret it is for."""
    own = [case for case in matrix.cases() if case.principal == principal and case.action == _THROUGH_SERVICE]
    assert own
    deployed.let_read_every_secret(principal)
    try:
        assert [case for case in own if deployed.permits(case) is not case.allowed] == []
    finally:
        deployed.forget(principal)

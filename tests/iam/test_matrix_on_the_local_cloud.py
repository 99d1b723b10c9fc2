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
    with deployed.allowing(principal, "secretsmanager:GetSecretValue"):
        assert [case for case in own if deployed.permits(case) is not case.allowed] == []


def test_a_right_too_much_is_noticed(deployed: DeployedProof) -> None:
    """The same cases turn red when a role may describe every secret, and no others."""
    own = [case for case in matrix.cases() if case.principal == "api, of web" and case.action != _THROUGH_SERVICE]
    with deployed.allowing("api, of web", "secretsmanager:DescribeSecret"):
        red = {(case.action, case.target) for case in own if deployed.permits(case) is not case.allowed}
    assert red == {("DescribeSecret", target) for target in ("orders", "web", "reports", "billing", "invoices")}

"""Which remedies a credential gets, by what can be seen of it from outside."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rotating_rds_ops.diagnosis import Remedy, Sight, remedies
from rotating_rds_ops.servers import Server
from tests.support.operated import MASTER

if TYPE_CHECKING:
    from rotating_rds_ops.credentials import Credential

SERVER = Server(
    identifier="orders",
    is_cluster=False,
    status="available",
    engine="postgres",
    host="orders.example",
    port=5432,
    database="orders",
    master="dbadmin",
    instances=("orders",),
)
WELL = Sight(MASTER, cause=None, unequal=False, lost=None, server=SERVER)
REFUSED = replace(WELL, cause="authentication")
USER = replace(MASTER, username="orders")


def seen(**changes: object) -> Credential:
    """Return the master's credential in another state."""
    return replace(MASTER, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sight", "expected"),
    [
        (WELL, []),
        (replace(REFUSED, server=replace(SERVER, status="stopped")), [Remedy.START]),
        (replace(REFUSED, credential=seen(rotates=False)), [Remedy.SWITCH_ON]),
        (replace(WELL, credential=seen(stages={"AWSCURRENT": "v1", "AWSPENDING": "v2"})), [Remedy.ROTATE]),
        (REFUSED, [Remedy.ROTATE, Remedy.RESET]),
        (replace(REFUSED, lost="v3"), [Remedy.ROTATE, Remedy.RELABEL, Remedy.RESET]),
        (replace(REFUSED, lost="v3", credential=USER), [Remedy.ROTATE, Remedy.RELABEL]),
        (replace(REFUSED, server=None), [Remedy.ROTATE]),
        (replace(REFUSED, lost="v3", credential=replace(USER, strategy="admin_reset")), [Remedy.ROTATE]),
        (replace(WELL, unequal=True, credential=replace(USER, strategy="alternating_users")), [Remedy.ROTATE]),
        (replace(WELL, cause="wrong_state"), [Remedy.STEP_BACK, Remedy.RESET]),
        (replace(WELL, cause="refused", credential=seen(stages={"AWSCURRENT": "v1"})), [Remedy.RESET]),
        (replace(WELL, cause="tls"), []),
        (replace(WELL, cause="privilege"), []),
    ],
)
def test_remedies_come_in_the_order_of_what_they_change(sight: Sight, expected: list[Remedy]) -> None:
    """Where none is named, a person has to look."""
    assert list(remedies(sight)) == expected


def test_a_master_s_value_is_what_attaching_the_secret_writes() -> None:
    """For an instance and for a cluster."""
    assert SERVER.value("hunter2") == {
        "engine": "postgres",
        "host": "orders.example",
        "port": 5432,
        "dbname": "orders",
        "dbInstanceIdentifier": "orders",
        "username": "dbadmin",
        "password": "hunter2",
    }
    cluster = replace(SERVER, is_cluster=True, database=None).value("hunter2")
    assert cluster["dbClusterIdentifier"] == "orders"
    assert "dbname" not in cluster

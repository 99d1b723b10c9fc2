"""The handler that makes users, as the Provider framework invokes it, on a real server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from rotating_rds_function.domain.errors import RefusedError
from rotating_rds_function.handlers.provision import handler
from tests.support.deployed_function import PASSWORD, USERNAME, Context, Deployed
from tests.support.leaks import find_leaks
from tests.support.postgres import MASTER_PASSWORD
from tests.support.secrets_manager_api import ARN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.databases import PostgresServer

ADMINISTRATOR_ARN = "arn:aws:secretsmanager:us-east-1:000000000000:secret:master-AbCdEf"


def event(kind: str = "Create", **properties: Any) -> dict[str, Any]:
    """Return a request about the deployed user."""
    return {
        "RequestType": kind,
        "ResourceProperties": {
            "Database": "orders",
            "Engine": "postgres",
            "Secret": ARN,
            "Username": USERNAME,
            "Owner": "owner of the handler's schemas",
            "Administrator": ADMINISTRATOR_ARN,
            "AdministratorUsername": "orders_master",
            "Schemas": {},
            "Removal": "drop",
            **properties,
        },
    }


@pytest.fixture
def administered(deployed: Deployed, postgres: PostgresServer) -> Iterator[Deployed]:
    """Return the deployed function with an administrator, for a user whom it may administer."""
    master = {"username": "orders_master", "password": MASTER_PASSWORD}
    deployed.secret.others[ADMINISTRATOR_ARN] = json.dumps(master)
    connection = postgres.superuser_connection()
    connection.autocommit = True
    cursor = connection.cursor()
    name = USERNAME.replace('"', '""')
    cursor.execute(f'GRANT "{name}" TO orders_master WITH ADMIN OPTION')
    yield deployed
    for role in (f"{name}_access", "owner of the handler's schemas"):
        cursor.execute(f'DROP ROLE IF EXISTS "{role}"')
    connection.close()


def test_a_user_is_made_what_it_is_declared_to_be(administered: Deployed) -> None:
    """CloudFormation gets its name."""
    assert administered is not None
    assert handler(event(), Context()) == {"PhysicalResourceId": f"orders/{USERNAME}"}


def test_a_request_leaves_one_log_line_and_one_line_of_metrics(
    administered: Deployed, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """As a step of a rotation does."""
    assert administered is not None
    handler(event(), Context())
    (line,) = [record for record in caplog.records if record.name == "rotating_rds"]
    assert (line.step, line.outcome, line.engine) == ("provision", "succeeded", "postgres")  # type: ignore[attr-defined]
    assert json.loads(capsys.readouterr().out)["Step"] == "provision"


def test_a_refusal_reaches_cloudformation_without_a_secret(
    administered: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    """The framework hands on type and sentence."""
    assert administered is not None
    with pytest.raises(RefusedError) as caught:
        handler(event(Username="rdsadmin"), Context())
    assert caught.value.__context__ is None
    text = str(caught.value) + capsys.readouterr().out
    assert find_leaks([PASSWORD, MASTER_PASSWORD], [text]) == []

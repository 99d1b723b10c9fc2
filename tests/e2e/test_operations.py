"""What people on call do, by the command line, on a deployed environment; and what they are told when it is broken."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import causes
from tests.support.operations import MASTER, USER
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tests.support.deployment import Deployment


def test_status_tells_of_every_credential_of_the_environment(operate: Any, deployment: Deployment) -> None:
    """For people, and for programs; no password is in either."""
    causes.examine(deployment)  # the first examination may have fallen into a time when other tests paused the probe
    shown, document = operate("status", "--env", "local"), operate("status", "--env", "local", "--json")
    assert (shown.returncode, document.returncode) == (0, 0), shown.stderr + document.stderr
    told = {entry["name"]: entry for entry in json.loads(document.stdout)}
    assert {name: entry["strategy"] for name, entry in told.items()} == {
        MASTER: "single_user",
        USER: "alternating_users",
    }
    assert told[MASTER]["secret"] == deployment.secret
    assert (told[MASTER]["rotates"], told[MASTER]["pending"]) == (True, False)
    for name, entry in told.items():
        assert entry["probe"]["outcome"] == "succeeded"
        assert name in shown.stdout
    assert shown.stdout.count("logged in") == len(told)
    value = deployment.value()
    assert value is not None
    assert value["password"] not in shown.stdout + document.stdout


@pytest.mark.parametrize("name", [MASTER, USER])
def test_a_rotation_is_watched_to_its_end_step_by_step(operate: Any, name: str) -> None:
    """From the function's own log."""
    done = operate("rotate", name)
    assert done.returncode == 0, done.stderr
    for step in ("createSecret", "setSecret", "testSecret", "finishSecret"):
        assert f"{step} succeeded after" in done.stderr
    assert "is current" in done.stderr


def test_verify_has_the_probe_log_in_with_everything(operate: Any) -> None:
    """And says so by its exit code."""
    done = operate("verify", "--env", "local", "--json")
    assert done.returncode == 0, done.stderr
    assert {entry["name"]: entry["outcome"] for entry in json.loads(done.stdout)} == {
        MASTER: "succeeded",
        USER: "succeeded",
    }


def test_a_drill_on_a_healthy_environment_is_green(operate: Any) -> None:
    """Everything rotates, everything logs in, and the check passes before and after."""
    done = operate("drill", "--env", "local", "--rounds", "1", "--check", "true")
    assert done.returncode == 0, done.stderr
    assert "2 rotations, and everything logs in." in done.stdout
    assert "after round 1: the check passes" in done.stderr


@contextmanager
def password_changed(deployment: Deployment) -> Iterator[None]:
    """Have somebody change the master's password in the database."""
    (database,) = deployment.cloud.control.databases()
    client, value = deployment.cloud.client("rds"), deployment.value()
    assert value is not None

    def change(password: str) -> None:
        client.modify_db_instance(
            DBInstanceIdentifier=database.identifier, MasterUserPassword=password, ApplyImmediately=True
        )

    change("Behind-Your-Back_1")
    yield
    change(value["password"])


@contextmanager
def server_stopped(deployment: Deployment) -> Iterator[None]:
    """Have the server stand still."""
    (database,) = deployment.cloud.control.databases()
    deployment.cloud.control.stop_database(database.identifier)
    yield
    deployment.cloud.control.start_database(database.identifier)


@contextmanager
def role_stripped(deployment: Deployment) -> Iterator[None]:
    """Have somebody deny the rotation function what it needs."""
    iam, role = deployment.cloud.client("iam"), deployment.function_role
    denial = {"Statement": [{"Effect": "Deny", "Action": "secretsmanager:PutSecretValue", "Resource": "*"}]}
    iam.put_role_policy(RoleName=role, PolicyName="Denial", PolicyDocument=json.dumps(denial))
    yield
    iam.delete_role_policy(RoleName=role, PolicyName="Denial")
    mend(deployment)


@contextmanager
def rotation_switched_off(deployment: Deployment) -> Iterator[None]:
    """Have somebody cancel the rotation of the master's credential."""
    client = deployment.cloud.client("secretsmanager")
    rules = client.describe_secret(SecretId=deployment.secret)["RotationRules"]
    client.cancel_rotate_secret(SecretId=deployment.secret)
    yield
    client.rotate_secret(SecretId=deployment.secret, RotationRules=rules, RotateImmediately=False)


def mend(deployment: Deployment) -> None:
    """Have a rotation that got stuck end."""
    client = deployment.cloud.client("secretsmanager")
    if "AWSPENDING" in deployment.labels:
        with pytest.raises(client.exceptions.InvalidRequestException):
            client.rotate_secret(SecretId=deployment.secret)
    assert eventually(lambda: "AWSPENDING" not in deployment.labels, within=30)


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (password_changed, f"{MASTER} is not well before the drill: "),
        (server_stopped, f"{MASTER} is not well before the drill: "),
        (role_stripped, f"The rotation of {MASTER} fails in createSecret (privilege): "),
        (rotation_switched_off, f"The rotation of {MASTER} is switched off: "),
        (causes.privilege_given_to_one_login, f"{USER} is not well before the drill: The logins of the pair differ: "),
    ],
)
def test_a_drill_on_a_broken_environment_is_red_with_the_cause(
    operate: Any,
    deployment: Deployment,
    broken: Callable[[Deployment], AbstractContextManager[None]],
    sentence: str,
) -> None:
    """The first one, in a sentence."""
    with broken(deployment):
        done = operate("drill", "--env", "local", "--rounds", "1", "--timeout", "15")
    assert done.returncode == 1
    assert sentence in done.stderr, done.stderr


def test_a_drill_whose_check_fails_is_red_with_what_the_check_said(operate: Any) -> None:
    """Its last line."""
    done = operate("drill", "--env", "local", "--rounds", "1", "--check", "sh -c 'echo no orders; exit 3'")
    assert done.returncode == 1
    assert "The check exited with 3 before the drill: no orders" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("status", "--env", "mars"), "No credential of the environment 'mars' is in us-east-1"),
        (
            ("rotate", "orders/nobody"),
            f"'orders/nobody' names 0 credentials in us-east-1: choose one of {MASTER}, {USER}.",
        ),
    ],
)
def test_a_name_that_leads_nowhere_is_one_sentence_with_those_that_do(
    operate: Any, arguments: tuple[str, ...], sentence: str
) -> None:
    """On standard error, and exit code 1."""
    done = operate(*arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert sentence in done.stderr

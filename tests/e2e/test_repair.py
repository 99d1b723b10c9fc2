"""Credentials that are not well are repaired by the command line, and those that are known are ended."""

from __future__ import annotations

import json
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import pg8000.exceptions
import pytest

from tests.support import causes
from tests.support.operations import MASTER, USER, Operator, user_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.deployment import Deployment

PATIENCE = ("--yes", "--timeout", "40")


@pytest.fixture(autouse=True)
def _credentials_that_are_as_they_were(operate: Operator, deployment: Deployment) -> Iterator[None]:
    """What a test broke is repaired by the test itself; the pair ends equal, and without what was given to it."""
    yield
    operate.wait_for_rest()
    with closing(deployment.master_session()) as session:
        for (login,) in session.run("SELECT rolname FROM pg_roles WHERE rolname IN ('orders', 'orders_clone')"):
            session.run(f"ALTER ROLE {login} NOCREATEDB")


def value_of(deployment: Deployment, secret: str, label: str = "AWSCURRENT") -> dict[str, Any]:
    """Return what a secret says."""
    client = deployment.cloud.client("secretsmanager")
    value: dict[str, Any] = json.loads(client.get_secret_value(SecretId=secret, VersionStage=label)["SecretString"])
    return value


def a_password_that_only_the_database_knows(deployment: Deployment) -> None:
    """Somebody changed the master's by the RDS API."""
    causes.change_master_password(deployment, "Behind-Your-Back_1")


def a_rotation_that_did_not_finish(deployment: Deployment) -> None:
    """The password is the pending one, and the label cannot be moved."""
    with causes.denied(deployment, deployment.function_role, "secretsmanager:UpdateSecretVersionStage"):
        assert deployment.rotate().outcome == "failed"


def a_pending_label_that_was_taken_off(deployment: Deployment) -> None:
    """The version whose password is live has no label."""
    a_rotation_that_did_not_finish(deployment)
    deployment.cloud.client("secretsmanager").update_secret_version_stage(
        SecretId=deployment.secret, VersionStage="AWSPENDING", RemoveFromVersionId=deployment.labels["AWSPENDING"]
    )


def a_rotation_that_is_switched_off(deployment: Deployment) -> None:
    """Somebody cancelled it."""
    deployment.cloud.client("secretsmanager").cancel_rotate_secret(SecretId=deployment.secret)


def a_server_that_is_stopped(deployment: Deployment) -> None:
    """By the RDS API."""
    (database,) = deployment.cloud.control.databases()
    deployment.cloud.client("rds").stop_db_instance(DBInstanceIdentifier=database.identifier)


def a_value_that_nobody_can_use(deployment: Deployment) -> None:
    """Somebody wrote a sentence where credentials belong."""
    deployment.cloud.client("secretsmanager").put_secret_value(SecretId=deployment.secret, SecretString="to be done")


def a_value_of_another_host(deployment: Deployment) -> None:
    """Somebody wrote a value for a server that is not the deployment's."""
    deployment.cloud.client("secretsmanager").put_secret_value(
        SecretId=deployment.secret, SecretString=json.dumps({**(deployment.value() or {}), "host": "example.com"})
    )


def a_user_whose_password_was_changed(deployment: Deployment) -> None:
    """In the database, by an administrator."""
    login = value_of(deployment, user_secret(deployment))["username"]
    with closing(deployment.master_session()) as session:
        session.run(f"ALTER ROLE {login} PASSWORD 'Behind-Your-Back_1'")


def a_pair_that_is_unequal(deployment: Deployment) -> None:
    """One login got what the other one has not."""
    with closing(deployment.master_session()) as session:
        (login,) = session.run("SELECT rolname FROM pg_roles WHERE rolname = 'orders_clone'")[0]
        session.run(f"ALTER ROLE {login} CREATEDB")


@pytest.mark.parametrize(
    ("name", "broken", "remedies"),
    [
        (MASTER, a_password_that_only_the_database_knows, ["rotate it", "by the RDS API"]),
        (MASTER, a_rotation_that_did_not_finish, ["repeat the rotation"]),
        (MASTER, a_pending_label_that_was_taken_off, ["rotate it", "put AWSPENDING back"]),
        (MASTER, a_rotation_that_is_switched_off, ["switch its rotation on"]),
        (MASTER, a_server_that_is_stopped, ["start the database"]),
        (MASTER, a_value_that_nobody_can_use, ["move AWSCURRENT back"]),
        (MASTER, a_value_of_another_host, ["move AWSCURRENT back"]),
        (USER, a_user_whose_password_was_changed, ["rotate it"]),
        (USER, a_pair_that_is_unequal, ["rotate it"]),
    ],
)
def test_it_is_repaired_by_what_changes_least(
    operate: Operator, deployment: Deployment, name: str, broken: Callable[[Deployment], None], remedies: list[str]
) -> None:
    """Each remedy is named before it is applied, and in the end the credential logs in and rotates."""
    if name == USER:
        assert operate("rotate", USER).returncode == 0  # which makes the second login, if there is none
    broken(deployment)
    done = operate("repair", name, *PATIENCE)
    assert done.returncode == 0, done.stderr
    assert f"{name}: repaired." in done.stdout
    questions = [line for line in done.stderr.splitlines() if line.startswith("Shall I ")]
    assert len(questions) == len(remedies), done.stderr
    for remedy, question in zip(remedies, questions, strict=True):
        assert remedy in question
    assert deployment.logs_in(value_of(deployment, deployment.secret))
    verified = operate("verify", "--env", "local")
    assert verified.returncode == 0, verified.stderr + verified.stdout


def test_what_is_well_is_left_alone(operate: Operator, deployment: Deployment) -> None:
    """No version is made."""
    before = deployment.labels
    done = operate("repair", MASTER)
    assert (done.returncode, done.stdout) == (0, f"{MASTER}: nothing to repair.\n"), done.stderr
    assert deployment.labels == before


def test_without_consent_nothing_is_done(operate: Operator, deployment: Deployment) -> None:
    """Whoever says no gets the diagnosis alone."""
    a_rotation_that_is_switched_off(deployment)
    before = deployment.labels
    done = operate("repair", MASTER, says="n\n")
    assert done.returncode == 1
    assert "Its rotation is switched off." in done.stderr
    assert deployment.labels == before
    assert operate("repair", MASTER, *PATIENCE).returncode == 0


def test_what_this_command_cannot_repair_is_told_with_the_cause(operate: Operator, deployment: Deployment) -> None:
    """The function may not write, and no command of ours gives anybody rights."""
    with causes.denied(deployment, deployment.function_role, "secretsmanager:PutSecretValue"):
        assert deployment.rotate().outcome == "failed"
        done = operate("repair", MASTER, *PATIENCE)
    assert done.returncode == 1
    assert f"Nothing that this command does repairs {MASTER}: " in done.stderr
    assert "createSecret (privilege)" in done.stderr
    assert operate("repair", MASTER, *PATIENCE).returncode == 0


@pytest.mark.parametrize("name", [MASTER, USER])
def test_a_password_that_somebody_may_know_is_ended_with_its_sessions(
    operate: Operator, deployment: Deployment, name: str
) -> None:
    """Neither login of a pair takes a password of before, and who was in is out."""
    secret = deployment.secret if name == MASTER else user_secret(deployment)
    if name == USER:
        assert operate("rotate", USER).returncode == 0
    known = [value_of(deployment, secret, label) for label in ("AWSCURRENT", "AWSPREVIOUS")]
    assert deployment.logs_in(known[0])
    session = deployment.session(known[0])
    done = operate("retire", name, "--compromised", *PATIENCE)
    assert done.returncode == 0, done.stderr
    with pytest.raises((pg8000.exceptions.InterfaceError, pg8000.exceptions.DatabaseError)):
        session.run("SELECT 1")
    with suppress(pg8000.exceptions.InterfaceError):  # nobody is there to say goodbye to
        session.close()
    assert "every session has ended" in done.stderr
    assert not any(deployment.logs_in(value) for value in known)
    assert deployment.logs_in(value_of(deployment, secret))


def test_sessions_may_be_kept_and_a_good_credential_is_not_retired(operate: Operator, deployment: Deployment) -> None:
    """One says so; the other is a matter of `rotate`."""
    with closing(deployment.master_session()) as session:
        kept = operate("retire", MASTER, "--compromised", "--keep-sessions", *PATIENCE)
        assert kept.returncode == 0, kept.stderr
        assert session.run("SELECT 1") == [[1]]
    refused = operate("retire", MASTER, "--yes")
    assert refused.returncode == 1
    assert f"use `rotating-rds rotate {MASTER}`" in refused.stderr

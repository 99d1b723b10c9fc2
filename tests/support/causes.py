"""What goes wrong with credentials in the world, produced on a deployed environment, and put right again."""

from __future__ import annotations

import json
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.deployment import Deployment

HOUR = 3_600


def examine(deployment: Deployment) -> list[dict[str, Any]]:
    """Have the probe examine every credential, in a minute of its own, and return what it says."""
    deployment.cloud.advance_clock(60)
    secrets = [deployment.secret, deployment.outputs["UserOrdersSecretArn"]]
    answer = deployment.cloud.client("lambda").invoke(
        FunctionName=deployment.outputs["ProbeFunctionName"], Payload=json.dumps({"secrets": secrets})
    )
    found: list[dict[str, Any]] = json.loads(answer["Payload"].read())["credentials"]
    return found


def change_master_password(deployment: Deployment, password: str) -> None:
    """Change it by the RDS API, behind the back of the secret."""
    (database,) = deployment.cloud.control.databases()
    deployment.cloud.client("rds").modify_db_instance(
        DBInstanceIdentifier=database.identifier, MasterUserPassword=password, ApplyImmediately=True
    )


def end_rotation(deployment: Deployment) -> None:
    """Have a rotation of the master's credential that got stuck repeated, and see it end."""
    secrets = deployment.cloud.client("secretsmanager")
    if "AWSPENDING" in deployment.labels:
        with pytest.raises(secrets.exceptions.InvalidRequestException):
            secrets.rotate_secret(SecretId=deployment.secret)
    assert eventually(lambda: "AWSPENDING" not in deployment.labels, within=30)


@contextmanager
def denied(deployment: Deployment, role: str, action: str) -> Iterator[None]:
    """Have somebody deny a role something."""
    iam = deployment.cloud.client("iam")
    denial = {"Statement": [{"Effect": "Deny", "Action": action, "Resource": "*"}]}
    iam.put_role_policy(RoleName=role, PolicyName="Denial", PolicyDocument=json.dumps(denial))
    yield
    iam.delete_role_policy(RoleName=role, PolicyName="Denial")


@contextmanager
def password_changed_by_hand(deployment: Deployment) -> Iterator[None]:
    """The secret says something else than the database."""
    value = deployment.value()
    assert value is not None
    change_master_password(deployment, "Behind-Your-Back_1")
    examine(deployment)
    yield
    change_master_password(deployment, value["password"])


@contextmanager
def rotation_that_cannot_finish(deployment: Deployment) -> Iterator[None]:
    """The password is set, the label cannot be moved, and Secrets Manager has given up."""
    with denied(deployment, deployment.function_role, "secretsmanager:UpdateSecretVersionStage"):
        assert deployment.rotate().outcome == "failed"
        deployment.cloud.advance_clock(2 * HOUR)
        examine(deployment)
        yield
    end_rotation(deployment)


@contextmanager
def rotation_switched_off(deployment: Deployment) -> Iterator[None]:
    """Nothing fails, and nothing happens."""
    client = deployment.cloud.client("secretsmanager")
    rules = client.describe_secret(SecretId=deployment.secret)["RotationRules"]
    client.cancel_rotate_secret(SecretId=deployment.secret)
    deployment.cloud.advance_clock(25 * HOUR)
    examine(deployment)
    yield
    client.rotate_secret(SecretId=deployment.secret, RotationRules=rules, RotateImmediately=False)
    assert eventually(lambda: "AWSPENDING" not in deployment.labels, within=30)


@contextmanager
def privilege_given_to_one_login(deployment: Deployment) -> Iterator[None]:
    """An administrator gives one login of the pair an attribute that the other has not."""
    client, secret = deployment.cloud.client("secretsmanager"), deployment.outputs["UserOrdersSecretArn"]
    client.rotate_secret(SecretId=secret)  # which makes the second login, if there is none
    assert eventually(
        lambda: "AWSPENDING" not in str(client.describe_secret(SecretId=secret)["VersionIdsToStages"]), within=30
    )
    with closing(deployment.master_session()) as session:
        session.run("ALTER ROLE orders_clone CREATEDB")
        examine(deployment)
        yield
        session.run("ALTER ROLE orders_clone NOCREATEDB")


@contextmanager
def probe_that_may_not_read(deployment: Deployment) -> Iterator[None]:
    """Its role lost a right."""
    role = deployment.role_of(deployment.outputs["ProbeFunctionName"])
    with denied(deployment, role, "secretsmanager:DescribeSecret"):
        examine(deployment)
        yield


@contextmanager
def probe_that_is_not_invoked(deployment: Deployment) -> Iterator[None]:
    """Somebody disabled its rules."""
    rules = deployment.cloud.client("events")
    names = [rule["Name"] for rule in rules.list_rules()["Rules"] if "Probe" in rule["Name"]]
    assert names
    for name in names:
        rules.disable_rule(Name=name)
    deployment.cloud.advance_clock(72 * HOUR)
    yield
    for name in names:
        rules.enable_rule(Name=name)


@contextmanager
def function_without_concurrency(deployment: Deployment) -> Iterator[None]:
    """Somebody stopped it, and a rotation is due."""
    client, name = deployment.cloud.client("lambda"), deployment.outputs["RotationFunctionName"]
    reserved = client.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"]
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    assert deployment.rotate().outcome == "failed"
    yield
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)
    end_rotation(deployment)


@contextmanager
def function_that_may_not_write(deployment: Deployment) -> Iterator[None]:
    """Its role lost a right, and a rotation is due."""
    with denied(deployment, deployment.function_role, "secretsmanager:PutSecretValue"):
        assert deployment.rotate().outcome == "failed"
        yield
    end_rotation(deployment)


@contextmanager
def certificate_near_its_end(deployment: Deployment) -> Iterator[None]:
    """The server proves who it is by a certificate that has 60 days left."""
    (database,) = deployment.cloud.control.databases()
    with closing(deployment.master_session()) as session:
        ((folder,),) = session.run("SHOW data_directory")
    certificate, key = Path(folder, "server.crt"), Path(folder, "server.key")
    authority = deployment.cloud.ca_bundle
    issuer = trustme.CA.from_pem(authority.read_bytes(), authority.with_name("key.pem").read_bytes())
    issued = issuer.issue_cert("localhost", "127.0.0.1", not_after=datetime.now(UTC) + timedelta(days=60))

    def show(chain: bytes, private: bytes) -> None:
        certificate.write_bytes(chain)
        key.write_bytes(private)
        deployment.cloud.control.stop_database(database.identifier)
        deployment.cloud.control.start_database(database.identifier)

    before = certificate.read_bytes(), key.read_bytes()
    show(b"".join(blob.bytes() for blob in issued.cert_chain_pems), issued.private_key_pem.bytes())
    examine(deployment)
    yield
    show(*before)


CAUSES = {
    "FunctionErrors": function_that_may_not_write,
    "FunctionThrottles": function_without_concurrency,
    "LoginFails": password_changed_by_hand,
    "RotationStuck": rotation_that_cannot_finish,
    "RotationOverdue": rotation_switched_off,
    "PrivilegesDiffer": privilege_given_to_one_login,
    "ProbeIncomplete": probe_that_may_not_read,
    "ProbeSilent": probe_that_is_not_invoked,
    "CertificateEnds": certificate_near_its_end,
}
"""A cause for each alarm of the local environment, by the alarm's name."""

CAUSED_ON_MYSQL = "PasswordRetained"
"""The one alarm that this environment, which has PostgreSQL, lacks: `test_three_engines.py` raises it."""

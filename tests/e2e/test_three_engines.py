"""PostgreSQL, MySQL and MariaDB in one stack, users and consumers included, deployed by the real CDK command line."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from localcloud.cloud import LocalCloud
from rotating_rds_function.adapters import tls
from rotating_rds_function.adapters.clock import SystemClock
from rotating_rds_function.adapters.engines import open_database
from rotating_rds_function.domain.endpoints import Endpoint
from rotating_rds_function.domain.errors import PrivilegeError
from rotating_rds_function.domain.patience import Deadline
from rotating_rds_function.domain.targets import Target
from tests.support import emulated
from tests.support.apps.three_engines import COMPUTES, ELSEWHERE, FOREIGN_READER
from tests.support.deployment import ROOT
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

DATABASES = ("Postgres", "MySql", "MariaDb")
CREDENTIALS = ("Master", "Web", "Reports")
# A role of the same account as the foreign reader, whom nobody declared.
NEIGHBOUR = f"{FOREIGN_READER}-neighbour"
# PostgreSQL has no table in the schema: what its owner makes is what the user may write to.
_MAY_INSERT = """DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_default_acl, aclexplode(defaclacl) entry
                   WHERE entry.grantee = 'reports_access'::regrole AND entry.privilege_type = 'INSERT')
    THEN RAISE insufficient_privilege; END IF;
END $$"""
_TEMPORARY = "CREATE TEMPORARY TABLE shop.t (id INT)"
WRITING = {"postgres": _MAY_INSERT, "mysql": _TEMPORARY, "mariadb": _TEMPORARY}


def cdk(cloud: LocalCloud, folder: Path, *arguments: str) -> None:
    """Run the CDK command line on the app, or outside of any app."""
    path = os.pathsep.join([f"{ROOT}/.venv/bin", f"{ROOT}/node_modules/.bin", os.environ["PATH"]])
    finished = subprocess.run(
        ["cdk", *arguments],
        cwd=folder,
        env={**os.environ, **cloud.environment(), "PATH": path, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout[-5000:]


def outputs(cloud: LocalCloud) -> dict[str, str]:
    """Return what the stack tells of itself."""
    (stack,) = cloud.client("cloudformation").describe_stacks(StackName="shop")["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def username(cloud: LocalCloud, secret: str, *, role: str | None = None) -> str:
    """Return whom a secret's current value names, read as root or as a role, in the region of its ARN."""
    client = cloud.client("secretsmanager", role=role, region=secret.split(":")[3])
    value = client.get_secret_value(SecretId=secret, VersionStage="AWSCURRENT")
    return str(json.loads(value["SecretString"])["username"])


def copy_of(secret: str) -> str:
    """Return the ARN of a secret's copy in the other region."""
    return secret.replace("us-east-1", ELSEWHERE)


def may_write(cloud: LocalCloud, secret: str) -> bool:
    """Tell whether a secret's user may do what read_only does not give; its session is one of the function's own."""
    text = cloud.client("secretsmanager").get_secret_value(SecretId=secret, VersionStage="AWSCURRENT")["SecretString"]
    value = json.loads(text)
    endpoint = Endpoint(value["host"], int(value["port"]), value["host"], "shop")
    target = Target("shop", value["engine"], "", value["username"], endpoint)
    trust = tls.trust(str(cloud.ca_bundle))
    database = open_database(target, trust=trust, deadline=Deadline(SystemClock(), 20))
    with closing(database.login(value["username"], value["password"])) as session:
        try:
            session.verify(WRITING[value["engine"]])
        except PrivilegeError:
            return False
    return True


def allow_at_home(cloud: LocalCloud, arn: str, told: dict[str, str]) -> str:
    """Have a role of another account allowed by that account to read what the web applications read."""
    secrets = [told[f"{database}Web"] for database in DATABASES]
    keys = [cloud.client("secretsmanager").describe_secret(SecretId=secret)["KmsKeyId"] for secret in secrets]
    cloud.client("iam", account=arn.split(":")[4]).put_role_policy(
        RoleName=arn.rpartition("/")[2],
        PolicyName="read",
        PolicyDocument=emulated.policy(
            emulated.statement("Allow", "secretsmanager:GetSecretValue", secrets),
            emulated.statement("Allow", "kms:Decrypt", keys),
        ),
    )
    return arn


def administrator(cloud: LocalCloud) -> str:
    """Make a role of this account that may do everything, as far as it depends on its own policies."""
    return emulated.create_role(cloud, emulated.statement("Allow", "*", "*"))


def rotate_all(cloud: LocalCloud, secrets: list[str]) -> None:
    """Rotate every credential at once, once the service has tried their schedules, and see all of it succeed."""
    client = cloud.client("secretsmanager")

    def is_idle(secret: str) -> bool:
        labels = client.describe_secret(SecretId=secret)["VersionIdsToStages"].values()
        return not any("AWSPENDING" in staged for staged in labels)

    assert eventually(lambda: all(map(is_idle, secrets)), within=30)
    tokens = {client.rotate_secret(SecretId=secret)["VersionId"] for secret in secrets}

    def ended() -> bool:
        outcomes = [record.outcome for record in cloud.rotations() if record.version_id in tokens]
        return len(outcomes) == len(tokens) and not {None, "running"} & set(outcomes)

    assert eventually(ended, within=60)
    failed = [record for record in cloud.rotations() if record.version_id in tokens and record.outcome != "succeeded"]
    assert failed == []


@pytest.mark.timeout(600)
def test_three_engines_with_users_and_consumers_live_a_whole_life(tmp_path: Path) -> None:
    """Deployed, rotated, read by consumers and by them alone, updated, rotated again, destroyed."""
    app = ("--app", f"{ROOT}/.venv/bin/python -m tests.support.apps.three_engines")
    with LocalCloud.start(tmp_path / "cloud") as cloud:
        cdk(cloud, tmp_path, "bootstrap", f"aws://{cloud.account}/{cloud.region}")
        # Secrets Manager takes policies only that name principals who exist.
        for role in (FOREIGN_READER, NEIGHBOUR):
            emulated.create_role(cloud, account=role.split(":")[4], name=role.rpartition("/")[2])
        cdk(cloud, tmp_path, "deploy", *app, "--require-approval", "never", "-c", "level=read_only")
        told = outputs(cloud)
        secrets = [told[f"{name}{credential}"] for name in DATABASES for credential in CREDENTIALS]
        rotate_all(cloud, secrets)
        strangers = (allow_at_home(cloud, NEIGHBOUR, told), administrator(cloud))
        allow_at_home(cloud, FOREIGN_READER, told)
        for name in DATABASES:
            web, reports = told[f"{name}Web"], told[f"{name}ReportsRole"]
            for kind in COMPUTES:
                assert username(cloud, web, role=told[f"{name}{kind}Role"]) == "web_clone"
            assert username(cloud, web, role=FOREIGN_READER) == "web_clone"
            assert username(cloud, told[f"{name}Reports"], role=reports) == "reports"
            assert username(cloud, copy_of(web), role=told[f"{name}ServiceRole"]) == "web_clone"
            for stranger in (reports, *strangers):
                for secret in (web, copy_of(web)):
                    with pytest.raises(ClientError, match="AccessDenied"):
                        username(cloud, secret, role=stranger)
        assert [may_write(cloud, told[f"{name}Reports"]) for name in DATABASES] == [False] * len(DATABASES)
        cdk(cloud, tmp_path, "deploy", *app, "--require-approval", "never", "-c", "level=read_write")
        assert [may_write(cloud, told[f"{name}Reports"]) for name in DATABASES] == [True] * len(DATABASES)
        rotate_all(cloud, secrets)
        for name in DATABASES:
            for secret in (told[f"{name}Web"], copy_of(told[f"{name}Web"])):
                assert username(cloud, secret, role=told[f"{name}ServiceRole"]) == "web"
        cdk(cloud, tmp_path, "destroy", *app, "--force")
        assert cloud.control.databases() == []

"""PostgreSQL, MySQL and MariaDB in one stack, users and consumers included, deployed by the real CDK command line."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from benchmarks.soak.credentials import CREDENTIALS
from benchmarks.soak.figures import broken_promises
from benchmarks.soak.run import Pace, soak
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
from tests.support.shop import NEIGHBOUR, Shop
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DATABASES = ("Postgres", "MySql", "MariaDb")
CREDENTIALS_OF_ONE = ("Master", "Web", "Reports")
# PostgreSQL has no table in the schema: what its owner makes is what the user may write to.
_MAY_INSERT = """DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_default_acl, aclexplode(defaclacl) entry
                   WHERE entry.grantee = 'reports_access'::regrole AND entry.privilege_type = 'INSERT')
    THEN RAISE insufficient_privilege; END IF;
END $$"""
_TEMPORARY = "CREATE TEMPORARY TABLE shop.t (id INT)"
WRITING = {"postgres": _MAY_INSERT, "mysql": _TEMPORARY, "mariadb": _TEMPORARY}


def username(cloud: LocalCloud, secret: str, *, role: str | None = None) -> str:
    """Return whom a secret's current value names, read as root or as a role, in the region of its ARN."""
    client = cloud.client("secretsmanager", role=role, region=secret.split(":")[3])
    value = client.get_secret_value(SecretId=secret, VersionStage="AWSCURRENT")
    return str(json.loads(value["SecretString"])["username"])


def other_login(of: str) -> str:
    """Return the login of the web applications whose turn it is after one."""
    return {"web": "web_clone", "web_clone": "web"}[of]


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


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The app, deployed once for the tests of this file."""
    folder = tmp_path_factory.mktemp("shop")
    with LocalCloud.start(folder / "cloud") as cloud:
        shop = Shop.prepare(cloud, folder)
        shop.deploy()
        yield shop


@pytest.mark.timeout(600)
def test_applications_never_notice_that_every_credential_rotates_every_five_seconds(
    shop: Shop, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    """With every driver and pool, for a minute, each rotation held for two seconds between password and label."""
    figures = soak(shop.cloud, shop.outputs, CREDENTIALS, Pace(seconds=60), tmp_path)
    for each in figures:
        tell(
            f"soak: {each.credential.name}: {len(each.rotations)} rotations, {each.operations} operations, "
            f"{len(each.failures)} failed, {len(each.opened_in_gaps)} of {len(each.opened)} connections in gaps, "
            f"{each.retries} retries, the slowest {each.slowest_seconds:.1f} s, "
            f"{each.calls_per_thousand:.0f} calls per 1,000"
        )
    assert broken_promises(figures) == []


def test_applications_that_do_not_retry_notice(shop: Shop, tmp_path: Path) -> None:
    """Or the soak would find nothing."""
    (credential,) = [each for each in CREDENTIALS if each.name == "postgres single_user"]
    (figures,) = soak(shop.cloud, shop.outputs, [credential], Pace(seconds=1), tmp_path, impatient=True)
    clients = {failure.partition(":")[0] for failure in figures.failures}
    assert {"psycopg", "pg8000", "asyncpg"} <= clients
    assert any("operations failed" in sentence for sentence in figures.broken_promises())


@pytest.mark.timeout(600)
def test_three_engines_with_users_and_consumers_live_a_whole_life(shop: Shop) -> None:
    """Deployed, rotated, read by consumers and by them alone, updated, rotated again, destroyed."""
    cloud, told = shop.cloud, shop.outputs
    secrets = [told[f"{name}{credential}"] for name in DATABASES for credential in CREDENTIALS_OF_ONE]
    following = {name: other_login(username(cloud, told[f"{name}Web"])) for name in DATABASES}
    rotate_all(cloud, secrets)
    strangers = (allow_at_home(cloud, NEIGHBOUR, told), administrator(cloud))
    allow_at_home(cloud, FOREIGN_READER, told)
    for name in DATABASES:
        web, reports = told[f"{name}Web"], told[f"{name}ReportsRole"]
        for kind in COMPUTES:
            assert username(cloud, web, role=told[f"{name}{kind}Role"]) == following[name]
        assert username(cloud, web, role=FOREIGN_READER) == following[name]
        assert username(cloud, told[f"{name}Reports"], role=reports) == "reports"
        assert username(cloud, copy_of(web), role=told[f"{name}ServiceRole"]) == following[name]
        for stranger in (reports, *strangers):
            for secret in (web, copy_of(web)):
                with pytest.raises(ClientError, match="AccessDenied"):
                    username(cloud, secret, role=stranger)
    assert [may_write(cloud, told[f"{name}Reports"]) for name in DATABASES] == [False] * len(DATABASES)
    shop.deploy(level="read_write")
    assert [may_write(cloud, told[f"{name}Reports"]) for name in DATABASES] == [True] * len(DATABASES)
    rotate_all(cloud, secrets)
    for name in DATABASES:
        for secret in (told[f"{name}Web"], copy_of(told[f"{name}Web"])):
            assert username(cloud, secret, role=told[f"{name}ServiceRole"]) == other_login(following[name])
    shop.destroy()
    assert cloud.control.databases() == []

"""PostgreSQL, MySQL and MariaDB in one stack, users and consumers included, deployed by the real CDK command line."""

from __future__ import annotations

import json
from contextlib import closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from rotating_rds_function.adapters import tls
from rotating_rds_function.adapters.clock import SystemClock
from rotating_rds_function.adapters.engines import open_database
from rotating_rds_function.domain.endpoints import Endpoint
from rotating_rds_function.domain.errors import AuthenticationError, PrivilegeError
from rotating_rds_function.domain.patience import Deadline
from rotating_rds_function.domain.targets import Target
from tests.support import emulated
from tests.support.apps.three_engines import COMPUTES, ELSEWHERE, FOREIGN_READER
from tests.support.causes import CAUSED_ON_MYSQL
from tests.support.queues import Queue
from tests.support.shop import NEIGHBOUR
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.cloud import LocalCloud
    from rotating_rds_function.domain.ports import DatabaseSession
    from tests.support.shop import Shop

DATABASES = ("Postgres", "MySql", "MariaDb")
CREDENTIALS = ("Master", "Web", "Reports")
# PostgreSQL has no table in the schema: what its owner makes is what the user may write to.
_MAY_INSERT = """DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_default_acl, aclexplode(defaclacl) entry
                   WHERE entry.grantee = 'reports_access'::regrole AND entry.privilege_type = 'INSERT')
    THEN RAISE insufficient_privilege; END IF;
END $$"""
DAY = 86_400
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


def value_of(cloud: LocalCloud, secret: str, label: str = "AWSCURRENT") -> dict[str, str]:
    """Return a secret's value, read as root."""
    text = cloud.client("secretsmanager").get_secret_value(SecretId=secret, VersionStage=label)["SecretString"]
    value: dict[str, str] = json.loads(text)
    return value


def log_in(cloud: LocalCloud, value: dict[str, str]) -> closing[DatabaseSession]:
    """Return a session by a secret's value, one of the function's own.

    :raises AuthenticationError: if the value does not log in.
    """
    endpoint = Endpoint(value["host"], int(value["port"]), value["host"], "shop")
    target = Target("shop", value["engine"], "", value["username"], endpoint)
    trust = tls.trust(str(cloud.ca_bundle))
    database = open_database(target, trust=trust, deadline=Deadline(SystemClock(), 20))
    return closing(database.login(value["username"], value["password"]))


def logs_in(cloud: LocalCloud, value: dict[str, str]) -> bool:
    """Tell whether a secret's value opens a session."""
    try:
        with log_in(cloud, value):
            return True
    except AuthenticationError:
        return False


def may_write(cloud: LocalCloud, secret: str) -> bool:
    """Tell whether a secret's user may do what read_only does not give."""
    value = value_of(cloud, secret)
    with log_in(cloud, value) as session:
        try:
            session.verify(WRITING[value["engine"]])
        except PrivilegeError:
            return False
    return True


@contextmanager
def password_changed_by_hand(cloud: LocalCloud, secret: str) -> Iterator[None]:
    """Change the password of MySQL's master by the RDS API, which its secret does not hear of, and put it right."""
    change = partial(cloud.client("rds").modify_db_instance, DBInstanceIdentifier="shop-mysql", ApplyImmediately=True)
    change(MasterUserPassword="Behind-Your-Back_1")
    try:
        yield
    finally:
        change(MasterUserPassword=value_of(cloud, secret)["password"])


def changes_of(queue: Queue, alarm: str) -> list[tuple[str, str]]:
    """Take what a queue was told about an alarm of MySQL, and return each new state and where its message leads."""
    told = [json.loads(document["Message"]) for document in queue.documents() if document["Message"].startswith("{")]
    about = [message for message in told if f"MySql{alarm}" in message.get("AlarmName", "")]
    return [(message["NewStateValue"], message["AlarmDescription"].partition("See ")[2]) for message in about]


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
def test_three_engines_with_users_and_consumers_are_deployed_rotated_read_and_updated(shop: Shop) -> None:
    """Read by consumers and by them alone; and rotated again after the update."""
    cloud, told = shop.cloud, shop.outputs
    secrets = [told[f"{name}{credential}"] for name in DATABASES for credential in CREDENTIALS]
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


def test_undeclared_reads_of_a_copy_are_reported_and_no_others(shop: Shop) -> None:
    """The trail has them from every region; rules see those of their own."""
    cloud, told, paragraph = shop.cloud, shop.outputs, "'Undeclared read of a copy' in docs/runbook.md."
    secret, on_call = copy_of(told["MySqlReports"]), Queue.behind(cloud, told["AlarmTopic"])
    assert username(cloud, secret, role=told["MySqlReportsRole"]) == "reports"
    assert username(cloud, told["MySqlReports"], role=administrator(cloud)) == "reports"
    cloud.advance_clock(0)
    assert ("ALARM", paragraph) not in changes_of(on_call, "DetectionUndeclaredReadOfCopy")
    assert username(cloud, secret, role=administrator(cloud)) == "reports"
    cloud.advance_clock(0)
    assert changes_of(on_call, "DetectionUndeclaredReadOfCopy")[-1:] == [("ALARM", paragraph)]
    cloud.advance_clock(3600)
    assert changes_of(on_call, "DetectionUndeclaredReadOfCopy")[-1:] == [("OK", paragraph)]


def test_an_old_password_that_outlives_its_time_is_reported_until_it_is_discarded(shop: Shop) -> None:
    """Only the administrator can discard it, whose password somebody has changed behind the back of the secret."""
    cloud, told = shop.cloud, shop.outputs
    reports, paragraph = told["MySqlReports"], "'Old password retained' in docs/runbook.md."
    rotate_all(cloud, [reports])
    old, on_call = value_of(cloud, reports, "AWSPREVIOUS"), Queue.behind(cloud, told["AlarmTopic"])
    with password_changed_by_hand(cloud, told["MySqlMaster"]):
        # The probe runs every day: the first run finds nothing to discard yet, and the third has waited for too long.
        cloud.advance_clock(3 * DAY)
        assert logs_in(cloud, old)
        assert changes_of(on_call, f"Alarms{CAUSED_ON_MYSQL}")[-1:] == [("ALARM", paragraph)]
    cloud.advance_clock(DAY)
    assert not logs_in(cloud, old)
    assert logs_in(cloud, value_of(cloud, reports))
    assert changes_of(on_call, f"Alarms{CAUSED_ON_MYSQL}")[-1:] == [("OK", paragraph)]


def test_the_stack_is_destroyed_with_all_of_its_databases(shop: Shop) -> None:
    """By the command line, without a question."""
    shop.destroy()
    assert shop.cloud.control.databases() == []

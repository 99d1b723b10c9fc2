"""Databases, users and consumers in an environment's file: what they inherit, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aws_cdk import App

from rotating_rds import DeclarationError
from stacks.environment import declare
from stacks.settings_errors import SettingsError
from stacks.settings_file import read_settings
from tests.support.environments import CONTEXT, synthesise

if TYPE_CHECKING:
    from pathlib import Path

    from stacks.settings import Settings

PLACE = """\
[aws]
region = "eu-west-1"
account = "111122223333"

[network]
cidr = "10.0.0.0/16"
availability_zones = ["eu-west-1a", "eu-west-1b"]
"""
ORDERS = """\
[[databases]]
name = "orders"
engine = "postgres"
engine_version = "18"
"""
AURORA = """\
[[databases]]
name = "ledger"
engine = "aurora-postgres"
engine_version = "17.5"
"""
USER = """\
[[databases.users]]
name = "web"
"""


def settings_of(directory: Path, *tables: str) -> Settings:
    """Write an environment of *tables*, and read it."""
    (directory / "test.toml").write_text("\n".join([PLACE, *tables]), encoding="utf-8")
    return read_settings("test", directory)


def test_a_database_is_as_the_defaults_say_but_for_its_own_keys(tmp_path: Path) -> None:
    """Said once for all, and otherwise where it differs."""
    defaults = '[defaults]\ninstance_type = "t4g.micro"\nbackup_retention_days = 3\nmulti_az = false'
    settings = settings_of(tmp_path, defaults, ORDERS + "backup_retention_days = 9", AURORA)
    orders, ledger = settings.databases
    assert (orders.instance_type, orders.backup_retention_days, orders.multi_az) == ("t4g.micro", 9, False)
    assert (ledger.instance_type, ledger.backup_retention_days) == ("t4g.micro", 3)


def test_credentials_rotate_as_the_environment_says_but_for_their_own_keys(tmp_path: Path) -> None:
    """A window belongs to the schedule beside it: who has a schedule of its own inherits no window."""
    rotation = '[rotation]\nschedule = "cron(0 3 ? * SUN *)"\nwindow_hours = 2'
    own = USER + 'rotation = { schedule = "rate(7 days)", strategy = "admin_reset" }'
    (orders,) = settings_of(tmp_path, rotation, ORDERS, own, USER.replace("web", "batch")).databases
    web, batch = orders.users
    assert (orders.rotation.schedule, orders.rotation.window_hours) == ("cron(0 3 ? * SUN *)", 2)
    assert (web.rotation.schedule, web.rotation.window_hours, web.rotation.strategy) == (
        "rate(7 days)",
        None,
        "admin_reset",
    )
    assert (batch.rotation.schedule, batch.rotation.strategy) == ("cron(0 3 ? * SUN *)", "alternating_users")


@pytest.mark.parametrize(
    ("tables", "sentence"),
    [
        ([], "the key databases is missing: give a table [[databases]] for each database."),
        ([ORDERS, ORDERS], "databases names 'orders' twice, or another that differs in hyphens only: rename one."),
        (
            [ORDERS.replace('"orders"', '"audit"')],
            "databases[0].name = 'audit' is another stack's: choose another.",
        ),
        (
            [ORDERS.replace("postgres", "oracle")],
            (
                "databases[0].engine: 'oracle' does not rotate here: choose one of postgres, mysql, mariadb, "
                "aurora-postgres, aurora-mysql."
            ),
        ),
        (
            [ORDERS.replace('"18"', '"latest"')],
            (
                "databases[0]: engine_version = 'latest' is no version of 'postgres': give one as RDS names it, such "
                "as '18'."
            ),
        ),
        (
            [AURORA + "multi_az = true"],
            (
                "databases[0]: multi_az = True is nothing that 'aurora-postgres' has: leave it out, or choose an "
                "engine that has it."
            ),
        ),
        (
            [ORDERS + "readers = 2"],
            "databases[0]: readers = 2 is nothing that 'postgres' has: leave it out, or choose an engine that has it.",
        ),
        (
            [AURORA + "min_capacity = 8\nmax_capacity = 4"],
            "databases[0]: max_capacity = 4.0 is below min_capacity = 8.0: give at least that.",
        ),
        (
            [ORDERS, USER, USER],
            "databases[0]: users names 'web' twice, or another that differs in hyphens only: rename one.",
        ),
        (
            [ORDERS, USER + 'access = "all"'],
            "databases[0].users[0].access = 'all' is refused: give 'read_only', 'read_write' or 'ddl'.",
        ),
        (
            [ORDERS, USER + 'statements = ["GRANT ALL"]'],
            (
                "databases[0].users[0].statements: The statement 'GRANT ALL' of Access.statements() names no "
                "{grantee}: write whom it is about, such as 'GRANT EXECUTE ON FUNCTION shop.total TO {grantee}'."
            ),
        ),
        (
            [ORDERS, USER + 'rotation = { strategy = "admin_reset", suffix = "_b" }'],
            (
                "databases[0].users[0].rotation: suffix = '_b' belongs to the strategy 'alternating_users', and this "
                "one is 'admin_reset': leave it out, or choose that strategy."
            ),
        ),
        (
            [ORDERS + 'rotation = { strategy = "managed_by_rds", test_query = "SELECT 1" }'],
            (
                "databases[0].rotation: test_query = 'SELECT 1' says nothing with strategy = 'managed_by_rds', for RDS "
                "rotates by a schedule of its own: leave it out, or choose 'single_user'."
            ),
        ),
        (
            ['[rotation]\nschedule = "rate(4 hours)"\nwindow_hours = 5', ORDERS],
            (
                "rotation: window_hours = 5 does not fit the schedule 'rate(4 hours)', since a window must end before "
                "midnight UTC and before the next one opens: give 1 to 4."
            ),
        ),
        (
            [ORDERS + 'consumers = [{ name = "api" }]'],
            (
                "databases[0].consumers[0]: neither compute nor role is given: give what the application runs on, or "
                "the ARN of its role."
            ),
        ),
        (
            [ORDERS + 'consumers = [{ name = "api", compute = "mainframe" }]'],
            (
                "databases[0].consumers[0].compute: 'mainframe' is no compute that is known here: choose one of "
                "ecs_task, ec2_instance, lambda_function, eks_pod_identity, eks_service_account."
            ),
        ),
        (
            [ORDERS + 'consumers = [{ name = "api", compute = "eks_pod_identity", cluster_name = "main" }]'],
            (
                "databases[0].consumers[0]: compute = 'eks_pod_identity' takes a namespace, which is missing: give it "
                "as the cluster has it."
            ),
        ),
        (
            [ORDERS + 'consumers = [{ name = "api", compute = "ecs_task", namespace = "shop" }]'],
            "databases[0].consumers[0]: namespace = 'shop' says nothing with compute = 'ecs_task': leave it out.",
        ),
        (
            [ORDERS + 'consumers = [{ name = "api", role = "reports" }]'],
            "databases[0].consumers[0].role = 'reports' is refused: give the ARN of a role that exists.",
        ),
        (
            ["[functions]\nconcurrency = -1", ORDERS],
            (
                "functions.concurrency = -1 is refused: give 0 to 1000, where 0 reserves none of the account's "
                "concurrency."
            ),
        ),
        (
            ["[restrict_reads]\ndeployers = []\nbreak_glass = []", ORDERS],
            (
                "restrict_reads.deployers = [] is refused: give a list of ARNs of roles.\n"
                "environments/test.toml: restrict_reads.break_glass = [] is refused: give a list of ARNs of roles."
            ),
        ),
        (
            ['[tags]\nenvironment = "qa"', ORDERS],
            "tags: 'environment' is given by AWS or this app itself: choose another key.",
        ),
        (
            ['[tags]\n"a|b" = "qa"', ORDERS],
            (
                "tags: 'a|b' = 'qa' is refused by AWS: give letters, digits, spaces and _ . : / = + - @, 128 at most "
                "as key and 256 as value."
            ),
        ),
    ],
)
def test_each_fault_is_one_sentence(tmp_path: Path, tables: list[str], sentence: str) -> None:
    """Where, what was read, what to write instead."""
    directory = tmp_path / "environments"
    directory.mkdir()
    with pytest.raises(SettingsError) as refused:
        settings_of(directory, *tables)
    assert str(refused.value) == f"environments/test.toml: {sentence}"


@pytest.mark.parametrize(
    ("tables", "sentence"),
    [
        (
            [ORDERS, USER.replace("web", "rdsadmin")],
            "databases[0].users[0]: The user name 'rdsadmin' is reserved on postgres: choose another.",
        ),
        (
            [ORDERS.replace("postgres", "mysql").replace('"18"', '"5.7"')],
            "databases[0].engine_version: MySQL 5.7 is not rotated by this library: choose 8.0 or newer.",
        ),
        (
            [ORDERS, USER + 'rotation = { strategy = "admin_reset", retain_for_hours = 1 }'],
            (
                "databases[0].users[0]: retain_for is given for postgres, where a user has one password only: leave it "
                "out, or choose Rotation.alternating_users(...) to keep the old credential alive."
            ),
        ),
        (
            [ORDERS, USER + 'consumers = [{ name = "secret", compute = "ecs_task" }]'],
            (
                "databases[0].users[0].consumers[0]: 'rotating-rds-test-orders/Database/Users/web' has something named "
                "'Secret' already: choose another id for this consumer."
            ),
        ),
        (
            [ORDERS, USER + 'schemas = { "" = "ddl" }'],
            "databases[0].users[0]: The schema '' has no name of 1 to 63 bytes: give the name of a schema.",
        ),
    ],
)
def test_what_only_the_library_knows_is_refused_with_its_key(tmp_path: Path, tables: list[str], sentence: str) -> None:
    """GIVEN a file that is well-formed, WHEN the library refuses something in it, THEN the message names the key."""
    settings = settings_of(tmp_path, *tables)
    with pytest.raises(DeclarationError) as refused:
        declare(App(context=CONTEXT), settings)
    assert str(refused.value) == sentence


def test_databases_that_share_functions_are_one_stack(tmp_path: Path) -> None:
    """Each refers to the functions, and the functions to each."""
    shared = "[functions]\nshared = true"
    parts = synthesise(settings_of(tmp_path, shared, ORDERS, USER, AURORA))
    assert set(parts) == {"network", "databases", "audit"}
    functions = parts["databases"].of_type("AWS::Lambda::Function")
    assert {"RotationFunction", "ProvisionFunction"} <= set(functions)
    assert len(parts["databases"].of_type("AWS::SecretsManager::RotationSchedule")) == 3


def test_databases_of_their_own_are_stacks_of_their_own(tmp_path: Path) -> None:
    """A failed deployment of one leaves the others alone."""
    assert set(synthesise(settings_of(tmp_path, ORDERS, AURORA))) == {"network", "orders", "ledger", "audit"}


def test_nat_takes_the_place_of_the_endpoint(tmp_path: Path) -> None:
    """GIVEN gateways, THEN functions are behind them, and servers stay isolated."""
    place = PLACE.replace("[network]", "[network]\nnat_gateways = 2")
    (tmp_path / "test.toml").write_text(place + ORDERS, encoding="utf-8")
    parts = synthesise(read_settings("test", tmp_path))
    network = parts["network"]
    assert network.of_type("AWS::EC2::VPCEndpoint") == {}
    assert len(network.of_type("AWS::EC2::NatGateway")) == 2
    function = parts["orders"].properties("AWS::Lambda::Function", "Database/RotationFunction")
    subnets = parts["orders"].properties("AWS::RDS::DBSubnetGroup")["SubnetIds"]
    assert all("FunctionSubnet" in subnet for subnet in function["VpcConfig"]["SubnetIds"])
    assert all("DatabaseSubnet" in subnet for subnet in subnets)


def test_tags_of_the_settings_are_on_every_secret(tmp_path: Path) -> None:
    """Costs are told apart as the company wants."""
    parts = synthesise(settings_of(tmp_path, '[tags]\n"cost centre" = "4711"', ORDERS, USER))
    for secret in parts["orders"].of_type("AWS::SecretsManager::Secret").values():
        assert {"Key": "cost centre", "Value": "4711"} in secret["Properties"]["Tags"]


def test_a_boundary_bounds_every_role(tmp_path: Path) -> None:
    """GIVEN the rule of an account, THEN no role is without it, not even one of the CDK's own."""
    place = PLACE.replace("[network]", 'permissions_boundary = "team/boundary"\n\n[network]')
    (tmp_path / "test.toml").write_text(place + ORDERS + USER, encoding="utf-8")
    for template in synthesise(read_settings("test", tmp_path)).values():
        for path, role in template.of_type("AWS::IAM::Role").items():
            assert "PermissionsBoundary" in role["Properties"], path


def test_reads_are_restricted_for_every_credential(tmp_path: Path) -> None:
    """GIVEN deployers and break-glass roles, THEN each secret denies everybody else."""
    named = (
        'deployers = ["arn:aws:iam::111122223333:role/deployer"]\nbreak_glass = ["arn:aws:iam::111122223333:role/b"]'
    )
    parts = synthesise(settings_of(tmp_path, f"[restrict_reads]\n{named}", ORDERS, USER))
    assert set(parts["orders"].of_type("AWS::SecretsManager::ResourcePolicy")) == {
        "Database/Secret/Policy",
        "Database/Users/web/Secret/Policy",
    }


KEY_ELSEWHERE = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"


def test_credentials_of_a_database_have_copies_where_it_says(tmp_path: Path) -> None:
    """Under a key of that region, or AWS's own."""
    replicas = f'replicas = [{{ region = "eu-central-1", key_arn = "{KEY_ELSEWHERE}" }}, {{ region = "eu-north-1" }}]'
    orders = synthesise(settings_of(tmp_path, ORDERS + replicas, USER))["orders"]
    for path in ("Database/Secret", "Database/Users/web/Secret"):
        assert orders.properties("AWS::SecretsManager::Secret", path)["ReplicaRegions"] == [
            {"Region": "eu-central-1", "KmsKeyId": KEY_ELSEWHERE},
            {"Region": "eu-north-1"},
        ]


def test_a_copy_needs_a_key_of_its_own_region(tmp_path: Path) -> None:
    """Secrets Manager would refuse it at deployment."""
    with pytest.raises(SettingsError, match="is no key of 'eu-north-1': give one of that region"):
        settings_of(tmp_path, ORDERS + f'replicas = [{{ region = "eu-north-1", key_arn = "{KEY_ELSEWHERE}" }}]')


def test_a_copy_where_the_database_is_names_the_key_of_the_table(tmp_path: Path) -> None:
    """One sentence, from the library, with the place in the file."""
    settings = settings_of(tmp_path, ORDERS + 'replicas = [{ region = "eu-west-1" }]')
    with pytest.raises(DeclarationError, match=r"databases\[0\].*where the secret itself is"):
        declare(App(context=CONTEXT), settings)

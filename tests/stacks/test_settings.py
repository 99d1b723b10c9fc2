from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from stacks.settings_errors import SettingsError
from stacks.settings_file import ENVIRONMENTS, environment_names, read_settings

if TYPE_CHECKING:
    from pathlib import Path

VALID = """\
[aws]
region = "eu-west-1"

[network]
cidr = "10.0.0.0/16"
availability_zones = ["eu-west-1a", "eu-west-1b"]

[[databases]]
name = "orders"
engine = "postgres"
engine_version = "18"
instance_type = "t4g.micro"
"""
EXISTING = """\
[existing_network]
vpc_id = "vpc-0123456789abcdef0"
availability_zones = ["eu-west-1a", "eu-west-1b"]
subnet_ids = ["subnet-0000000000000000a", "subnet-0000000000000000b"]
endpoint_security_group_id = "sg-0123456789abcdef0"
"""
NETWORK = VALID[VALID.index("[network]") : VALID.index("[[databases]]")]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Return an empty folder for environments."""
    environments = tmp_path / "environments"
    environments.mkdir()
    return environments


def refusal(directory: Path, text: str) -> str:
    """Write an environment, and return what reading it is refused with."""
    (directory / "test.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        read_settings("test", directory)
    return str(refused.value)


def test_the_repository_has_four_environments() -> None:
    """A laptop's, and three of an account."""
    assert environment_names() == ["dev", "local", "prod", "staging"]


@pytest.mark.parametrize("name", environment_names())
def test_every_environment_of_the_repository_is_valid(name: str) -> None:
    """What is committed can be deployed."""
    assert read_settings(name).name == name


def test_what_a_file_leaves_out_is_safe(directory: Path) -> None:
    """Retained, protected, in two zones, rotated each month, never by surprise."""
    (directory / "test.toml").write_text(VALID, encoding="utf-8")
    settings = read_settings("test", directory)
    (database,) = settings.databases
    assert (database.removal, database.is_protected, database.multi_az) == ("retain", True, True)
    assert (database.rotation.schedule, database.rotation.rotate_immediately) == ("rate(30 days)", False)
    assert settings.audit.removal == "retain"


def test_settings_cannot_be_changed(directory: Path) -> None:
    """What was validated stays valid."""
    (directory / "test.toml").write_text(VALID, encoding="utf-8")
    settings = read_settings("test", directory)
    with pytest.raises(ValidationError, match="frozen"):
        settings.databases[0].multi_az = False


@pytest.mark.parametrize(
    ("name", "wrong"), [(None, "No environment was named"), ("qa", "The environment 'qa' is unknown")]
)
def test_an_environment_that_is_not_there_is_one_sentence_with_those_that_are(name: str | None, wrong: str) -> None:
    """Who forgets the name learns which ones there are."""
    with pytest.raises(SettingsError) as refused:
        read_settings(name)
    assert str(refused.value) == f"{wrong}: give -c env=NAME, where NAME is one of dev, local, prod, staging."


def test_a_name_that_leads_out_of_the_folder_is_unknown() -> None:
    """Only listed names are read."""
    with pytest.raises(SettingsError, match="is unknown"):
        read_settings("../environments/local")


@pytest.mark.parametrize(
    ("replaced", "by", "sentence"),
    [
        (
            'name = "orders"',
            'nmae = "orders"\nname = "orders"',
            "environments/test.toml: unknown key databases[0].nmae = 'orders': did you mean 'name'?",
        ),
        (
            "[aws]",
            "zzz = 1\n[aws]",
            (
                "environments/test.toml: unknown key zzz = 1: known here are "
                "alarms, audit, aws, databases, defaults, detection, existing_network, functions, network, "
                "restrict_reads, rotation, tags."
            ),
        ),
        (
            'name = "orders"\n',
            "",
            (
                "environments/test.toml: the key databases[0].name is missing: "
                "give lower-case letters, digits and hyphens."
            ),
        ),
        (
            'name = "orders"',
            "name = 7",
            "environments/test.toml: databases[0].name = 7 is refused: give lower-case letters, digits and hyphens.",
        ),
        (
            'name = "orders"',
            'name = "orders"\nmulti_az = "yes"',
            "environments/test.toml: databases[0].multi_az = 'yes' is refused: give true or false.",
        ),
        (
            'name = "orders"',
            'name = "orders"\nbackup_retention_days = 36',
            "environments/test.toml: databases[0].backup_retention_days = 36 is refused: give 1 to 35 (days).",
        ),
        (
            'name = "orders"',
            'name = "orders"\nbackup_retention_days = 7.5',
            "environments/test.toml: databases[0].backup_retention_days = 7.5 is refused: give 1 to 35 (days).",
        ),
        (
            'name = "orders"',
            'name = "orders"\nbackup_retention_days = true',
            "environments/test.toml: databases[0].backup_retention_days = True is refused: give 1 to 35 (days).",
        ),
        (
            'name = "orders"',
            'name = "orders"\nremoval = "delete"',
            (
                "environments/test.toml: databases[0].removal = 'delete' is refused: "
                "give 'destroy', 'snapshot' or 'retain'."
            ),
        ),
        (
            'name = "orders"',
            'name = "orders"\nlog_retention_days = 100',
            (
                "environments/test.toml: databases[0].log_retention_days: 100 days is refused: "
                "choose one of 7, 30, 90, 180, 365, 731, 1827, 3653."
            ),
        ),
        (
            'name = "orders"',
            'name = "orders"\nmax_allocated_storage_gib = 50\nallocated_storage_gib = 50',
            (
                "environments/test.toml: databases[0]: max_allocated_storage_gib = 50 leaves no room above "
                "allocated_storage_gib = 50: give at least a tenth more."
            ),
        ),
        (
            'region = "eu-west-1"',
            'region = "Ireland"',
            "environments/test.toml: aws.region = 'Ireland' is refused: give a region such as 'eu-west-1'.",
        ),
        (
            'region = "eu-west-1"',
            'region = "eu-west-1"\naccount = 111122223333',
            (
                "environments/test.toml: aws.account = 111122223333 is refused: "
                "give 12 digits in quotes, or no key for the caller's own account."
            ),
        ),
        (
            '"eu-west-1b"',
            '"eu-north-1b"',
            (
                "environments/test.toml: availability_zones names 'eu-north-1b', which is not in 'eu-west-1': "
                "give zones of it."
            ),
        ),
        (
            ', "eu-west-1b"',
            "",
            (
                "environments/test.toml: network.availability_zones = ['eu-west-1a'] is refused: "
                "give at least two zones of the region."
            ),
        ),
        (
            '"10.0.0.0/16"',
            '"10.0.0.0/8"',
            "environments/test.toml: network.cidr: '10.0.0.0/8' is refused: choose a prefix length from 16 to 24.",
        ),
        (
            '"10.0.0.0/16"',
            '"10.0.0.1/16"',
            (
                "environments/test.toml: network.cidr: '10.0.0.1/16' is no IPv4 network "
                "(10.0.0.1/16 has host bits set): give one such as '10.20.0.0/16'."
            ),
        ),
        (
            "[aws]",
            '[rotation]\nschedule = "rate(1 week)"\n[aws]',
            (
                "environments/test.toml: rotation.schedule: The rotation schedule 'rate(1 week)' is no expression that "
                "Secrets Manager knows: write rate(30 days) or cron(0 3 ? * SUN *)."
            ),
        ),
        (
            "[aws]",
            "[rotation]\nwindow_hours = 0\n[aws]",
            "environments/test.toml: rotation.window_hours = 0 is refused: give 1 to 24 (hours).",
        ),
        (
            NETWORK,
            "",
            "environments/test.toml: neither [network] nor [existing_network] given: give one of the two tables.",
        ),
        (
            NETWORK,
            NETWORK + EXISTING,
            "environments/test.toml: both [network] and [existing_network] given: give one of the two tables.",
        ),
        (
            NETWORK,
            EXISTING.replace(', "subnet-0000000000000000b"', ""),
            (
                "environments/test.toml: existing_network.subnet_ids = ['subnet-0000000000000000a'] is refused: "
                "give one subnet id for each zone, in their order."
            ),
        ),
        (
            NETWORK,
            EXISTING.replace('"eu-west-1b"', '"eu-west-1b", "eu-west-1c"'),
            (
                "environments/test.toml: existing_network: 2 subnet_ids do not match 3 availability_zones: "
                "give one subnet for each zone, in their order."
            ),
        ),
        (
            NETWORK,
            EXISTING.replace("vpc-0123456789abcdef0", "orders"),
            "environments/test.toml: existing_network.vpc_id = 'orders' is refused: give the id of a VPC, 'vpc-...'.",
        ),
    ],
)
def test_each_fault_is_one_sentence_with_file_key_value_and_remedy(
    directory: Path, replaced: str, by: str, sentence: str
) -> None:
    """Who edits a file learns where to look and what to write."""
    assert replaced in VALID
    assert refusal(directory, VALID.replace(replaced, by, 1)) == sentence


def test_every_fault_of_a_file_is_told_at_once(directory: Path) -> None:
    """Nobody has to correct a file key by key."""
    text = VALID.replace('name = "orders"', 'name = "Orders"').replace('"t4g.micro"', '"micro"')
    assert len(refusal(directory, text).splitlines()) == 2


def test_a_file_that_is_no_toml_is_one_sentence(directory: Path) -> None:
    """The parser's position is passed on."""
    assert refusal(directory, "[aws\n").startswith("environments/test.toml is no TOML (")


def test_a_file_name_that_fits_no_stack_is_refused(directory: Path) -> None:
    """The name becomes part of stacks, roles and tags."""
    (directory / "Test_1.toml").write_text(VALID, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"'Test_1' cannot be part of role paths and tags: rename the file"):
        read_settings("Test_1", directory)


def test_a_file_cannot_name_itself_otherwise(directory: Path) -> None:
    """GIVEN a key `name` in a file, THEN it is refused: the file's name is the environment's."""
    assert "unknown key name = 'prod'" in refusal(directory, 'name = "prod"\n' + VALID)


def test_a_new_file_is_a_new_environment(directory: Path) -> None:
    """Environments are found, not listed."""
    shutil.copy(ENVIRONMENTS / "dev.toml", directory / "qa.toml")
    assert read_settings("qa", directory).name == "qa"

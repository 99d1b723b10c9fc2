"""Whatever a file says: it is read and can be synthesised, or it is refused by sentences that name its keys."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from aws_cdk import App
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as some

from rotating_rds import DeclarationError
from stacks.environment import declare
from stacks.settings_errors import SettingsError
from stacks.settings_file import read_settings
from tests.support.environments import CONTEXT

NAMES = some.sampled_from(["orders", "shop", "a", "web-api", "Orders", "1st", "", "x" * 31, "audit"])
USERS = some.sampled_from(["web", "batch", "reports", "rdsadmin", "dbadmin", "Web", "u" * 40])
SCHEDULES = some.sampled_from(
    ["rate(7 days)", "rate(4 hours)", "rate(1 hour)", "cron(0 3 ? * SUN *)", "cron(0 H ? * MON *)", "weekly", 7]
)
COUNTS = some.one_of(some.integers(-1, 40), some.sampled_from([20, 100, 365, 10**9]), some.booleans(), some.text())
ENGINES = some.sampled_from(
    [
        ("postgres", "18"),
        ("mysql", "8.4"),
        ("mysql", "5.7"),
        ("mariadb", "11.4"),
        ("aurora-postgres", "17.5"),
        ("aurora-mysql", "8.0.mysql_aurora.3.10.0"),
        ("postgres", "eighteen"),
        ("oracle", "19"),
    ]
)


def tables(**optional: some.SearchStrategy[Any]) -> some.SearchStrategy[dict[str, Any]]:
    """Draw a table with some of the keys."""
    return some.fixed_dictionaries({}, optional=optional)


CONSUMERS = some.fixed_dictionaries(
    {"name": some.sampled_from(["api", "batch", "Api", "secret"])},
    optional={
        "compute": some.sampled_from(["ecs_task", "ec2_instance", "lambda_function", "eks_pod_identity", "abacus"]),
        "role": some.sampled_from(["arn:aws:iam::111122223333:role/reports", "reports"]),
        "namespace": some.sampled_from(["shop", "*"]),
    },
)
ROTATIONS = tables(
    schedule=SCHEDULES,
    window_hours=COUNTS,
    strategy=some.sampled_from(["alternating_users", "admin_reset", "single_user", "managed_by_rds"]),
    retain_for_hours=COUNTS,
    suffix=some.sampled_from(["_b", "", "_access"]),
)
USER_TABLES = some.fixed_dictionaries(
    {"name": USERS},
    optional={
        "access": some.sampled_from(["read_only", "read_write", "ddl", "all"]),
        "schemas": some.dictionaries(some.sampled_from(["shop", "", "s" * 70]), some.sampled_from(["ddl", "none"])),
        "rotation": ROTATIONS,
        "consumers": some.lists(CONSUMERS, max_size=2),
    },
)
DATABASES = some.builds(
    lambda name, engine, table: {"name": name, "engine": engine[0], "engine_version": engine[1], **table},
    NAMES,
    ENGINES,
    tables(
        instance_type=some.sampled_from(["t4g.micro", "huge"]),
        multi_az=some.booleans(),
        readers=COUNTS,
        backup_retention_days=COUNTS,
        max_allocated_storage_gib=COUNTS,
        removal=some.sampled_from(["destroy", "snapshot", "retain", "forget"]),
        master_username=some.sampled_from(["dbadmin", "rdsadmin", "admin", "db-admin"]),
        rotation=tables(schedule=SCHEDULES, strategy=some.sampled_from(["single_user", "managed_by_rds"])),
        users=some.lists(USER_TABLES, max_size=2),
        consumers=some.lists(CONSUMERS, max_size=1),
    ),
)
FILES = some.builds(
    lambda databases, further: {
        "aws": {"region": "eu-west-1"},
        "network": {"cidr": "10.0.0.0/16", "availability_zones": ["eu-west-1a", "eu-west-1b"]},
        "databases": databases,
        **further,
    },
    some.lists(DATABASES, min_size=1, max_size=2),
    tables(
        functions=tables(shared=some.booleans(), concurrency=COUNTS, tracing=some.booleans()),
        rotation=tables(schedule=SCHEDULES, window_hours=COUNTS),
        audit=tables(log_retention_days=COUNTS),
        tags=some.dictionaries(some.sampled_from(["team", "environment", "a|b"]), some.sampled_from(["x", "é|"])),
    ),
)
# A sentence, after the file's name: a key or a table of the file, what was wrong with it, what to do.
SENTENCE = re.compile(r"environments/test\.toml: .+[.?]")
KEY = re.compile(r"databases|functions|rotation|audit|tags")


def read(content: dict[str, Any]) -> Any:
    """Write an environment of that content, and read it."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "environments"
        directory.mkdir()
        (directory / "test.toml").write_text(tomlkit.dumps(content), encoding="utf-8")
        return read_settings("test", directory)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(content=FILES)
def test_a_file_is_read_or_refused_by_sentences_that_name_its_keys(content: dict[str, Any]) -> None:
    """No other error, no refusal without a key, no line without a remedy."""
    try:
        read(content)
    except SettingsError as refusal:
        lines = str(refusal).splitlines()
    else:
        return
    assert lines
    for line in lines:
        assert SENTENCE.fullmatch(line), line
        assert KEY.search(line), line
        assert re.search(r"give|choose|write|leave|rename|did you mean|known here", line), line


@pytest.mark.timeout(300)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=FILES)
def test_what_is_read_synthesises_or_is_refused_with_its_key(content: dict[str, Any]) -> None:
    """What only the library knows, it says in a sentence about a key of the file."""
    try:
        accepted = read(content)
    except SettingsError:
        assume(False)  # noqa: FBT003  # that is the other property
    app = App(context=CONTEXT, analytics_reporting=False)
    try:
        declare(app, accepted)
    except DeclarationError as refusal:
        assert re.match(r"databases\[\d+\]", str(refusal)), refusal  # noqa: PT017  # either way is fine
    else:
        assert len(app.synth().stacks) >= 3

"""Every value that was ever given to Secrets Manager, searched for in everything that a deployment leaves behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.deployment import ROOT
from tests.support.leaks import find_leaks
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.deployment import Deployment
    from tests.support.manual_rotation import ManualRotations

Evidence = dict[str, str]


def function_logs(deployment: Deployment) -> Iterator[tuple[str, str]]:
    """Every line of every log group: functions, trail."""
    logs = deployment.cloud.client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
        messages = [event["message"] for page in pages for event in page["events"]]
        yield f"log group {group['logGroupName']}", "\n".join(messages)


def exception_texts(deployment: Deployment) -> Iterator[tuple[str, str]]:
    """What failing functions answered to the service, and what they printed in processes of the tests."""
    errors = [step.error or "" for record in deployment.cloud.rotations() for step in record.steps]
    yield "errors of the function", "\n".join(errors)
    yield "output of the function", "\n".join(deployment.function_output)


def server_logs(deployment: Deployment) -> Iterator[tuple[str, str]]:
    """The database servers' logs, with log_statement=all, and the emulator's own."""
    for database in deployment.cloud.control.databases():
        yield f"server log of {database.identifier}", Path(database.log_file).read_text()
    yield "emulator's log", (deployment.cloud.directory / "emulator.log").read_text()


def templates(deployment: Deployment) -> Iterator[tuple[str, str]]:
    """The cloud assembly, what CloudFormation knows, and the committed snapshots."""
    cloudformation = deployment.cloud.client("cloudformation")
    yield "stacks", json.dumps(cloudformation.describe_stacks()["Stacks"], default=str)
    assembly = [path for path in (deployment.app / "cdk.out").rglob("*.json") if path.is_file()]
    snapshots = [path for path in (ROOT / "tests").rglob("*.*") if "__snapshots__" in path.parts]
    assert assembly
    assert snapshots
    for path in (*assembly, *snapshots):
        yield str(path), path.read_text()


def evidence(deployment: Deployment) -> Evidence:
    """Everything that may be read by somebody who may not read the secret."""
    sources = (function_logs, exception_texts, server_logs, templates)
    return {name: text for source in sources for name, text in source(deployment)}


def put_current(deployment: Deployment, text: str) -> None:
    """Give the secret a value, as a person with a mistake in it does."""
    deployment.cloud.client("secretsmanager").put_secret_value(SecretId=deployment.secret, SecretString=text)


@pytest.fixture(scope="module")
def after_failures(deployment: Deployment) -> Deployment:
    """The deployment after rotations that succeeded, and after one for each kind of mistake in a value."""
    assert deployment.rotate().outcome == "succeeded"
    live = deployment.value()
    assert live is not None
    changes: list[dict[str, Any]] = [
        {"password": "Wrong-Pass_word,1"},
        {"username": "Somebody-Else"},
        {"host": "attacker.example"},
        {"password": 'it\'s \\back\\ "quoted" 100% ünïcode'},
    ]
    mistakes = [json.dumps({**live, **change}) for change in changes]
    mistakes += [json.dumps(live)[:-1], json.dumps([live["password"], "Another-Secret.1"])]
    for mistake in mistakes:
        # Twice, so that it is AWSPREVIOUS too, by which a rotation would heal a wrong password.
        put_current(deployment, mistake)
        put_current(deployment, mistake)
        assert deployment.rotate().outcome == "failed"
    put_current(deployment, json.dumps(live))
    assert deployment.rotate().outcome == "succeeded"
    return deployment


def test_no_value_appears_anywhere(after_failures: Deployment) -> None:
    """Raw, escaped, encoded: nothing of any value is found in logs, errors, templates or snapshots."""
    values = after_failures.cloud.captured_secret_values()
    found = evidence(after_failures)
    assert len(values) > 10
    assert sum(map(len, found.values())) > 100_000
    names = list(found)
    assert [(names[leak.text], leak.form) for leak in find_leaks(values, found.values())] == []


def test_the_search_reads_what_the_function_and_the_server_wrote(after_failures: Deployment) -> None:
    """The evidence is there: the steps' log lines, the statement that sets a password, the errors' sentences."""
    found = evidence(after_failures)
    configuration = after_failures.function_configuration
    group = configuration["LoggingConfig"]["LogGroup"]
    (server_log,) = [text for name, text in found.items() if name.startswith("server log")]
    assert '"setSecret"' in found[f"log group {group}"]
    assert "ALTER ROLE" in server_log
    assert "SCRAM-SHA-256$" in server_log
    assert "RefusedError" in found["errors of the function"]


def test_a_leaking_adapter_is_caught(after_failures: Deployment, by_hand: ManualRotations) -> None:
    """An adapter that sends the password instead of its verifier is found out by the server's log."""
    assert by_hand.start("leaking").run()[0] == 0
    found = evidence(after_failures)
    names = list(found)
    leaks = find_leaks(after_failures.cloud.captured_secret_values()[-1:], found.values())
    assert {(names[leak.text].partition(" of ")[0], leak.form) for leak in leaks} >= {("server log", "raw")}


def test_a_leaking_log_line_is_caught(after_failures: Deployment) -> None:
    """What a careless log line would write into the function's log group is found as well."""
    configuration = after_failures.function_configuration
    group, value = configuration["LoggingConfig"]["LogGroup"], after_failures.value()
    logs = after_failures.cloud.client("logs")
    logs.create_log_stream(logGroupName=group, logStreamName="careless")
    message = json.dumps({"message": f"connecting with {value!r}"})
    event = {"timestamp": 1_000 * 1_800_000_000, "message": message}
    logs.put_log_events(logGroupName=group, logStreamName="careless", logEvents=[event])

    def is_found() -> bool:
        found = evidence(after_failures)
        names = list(found)
        leaks = find_leaks([json.dumps(value)], found.values())
        return f"log group {group}" in {names[leak.text] for leak in leaks}

    assert eventually(is_found)
    logs.delete_log_stream(logGroupName=group, logStreamName="careless")

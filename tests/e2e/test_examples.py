"""The examples, each under its own role as its platform gives it, through rotations and without their rights."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx2
import pytest

from localcloud.cloud import LocalCloud
from tests.support.callers import Callers
from tests.support.examples import Examples
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.control import RotationRecord

SECRETS = ("OrdersSecret", "ReportsSecret")
HELD_SECONDS = 2.0
REFUSED = "refused login(s)"


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Examples]:
    """One database and three applications, deployed once."""
    folder = tmp_path_factory.mktemp("examples")
    with LocalCloud.start(folder / "cloud") as cloud, Examples.deployed(cloud, folder) as deployed:
        yield deployed


def record_of(cloud: LocalCloud, version_id: str) -> RotationRecord | None:
    """Return the record of a rotation; None if there is none yet."""
    return next((record for record in cloud.rotations() if record.version_id == version_id), None)


def begin_rotations(examples: Examples) -> list[str]:
    """Rotate both credentials, and return the ids of their new versions."""
    api = examples.cloud.client("secretsmanager")
    return [api.rotate_secret(SecretId=examples.outputs[name])["VersionId"] for name in SECRETS]


def end_of(examples: Examples, version_id: str) -> RotationRecord:
    """Wait until a rotation has succeeded, and return its record."""

    def ended() -> bool:
        record = record_of(examples.cloud, version_id)
        return record is not None and record.outcome not in {None, "running"}

    assert eventually(ended, within=60)
    record = record_of(examples.cloud, version_id)
    assert record is not None
    assert record.outcome == "succeeded", record
    return record


def is_held(examples: Examples, version_id: str) -> bool:
    """Tell whether the password in the database is new already."""
    record = record_of(examples.cloud, version_id)
    return record is not None and any(step.name == "setSecret" for step in record.steps)


def gap_of(record: RotationRecord) -> tuple[float, float]:
    """Return from when to when no version that an application may read logged in."""
    (change,) = [step for step in record.steps if step.name == "setSecret"]
    (end,) = [step for step in record.steps if step.name == "finishSecret"]
    assert end.started - change.started >= HELD_SECONDS
    return change.started + change.seconds, end.started


def log_of(examples: Examples, function: str) -> str:
    """Return what a function logged."""
    group = examples.cloud.client("lambda").get_function_configuration(FunctionName=function)["LoggingConfig"]
    events = examples.cloud.client("logs").filter_log_events(logGroupName=group["LogGroup"])["events"]
    return "\n".join(event["message"] for event in events)


def denied_readers(cloud: LocalCloud) -> dict[str, str]:
    """Return whose reads of secrets were denied: role to the name of its session."""
    events = cloud.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "GetSecretValue"}], MaxResults=50
    )["Events"]
    records = [json.loads(event["CloudTrailEvent"]) for event in events]
    arns = [record["userIdentity"]["arn"] for record in records if record.get("errorCode") == "AccessDenied"]
    return {role: session for _, role, session in (arn.split("/") for arn in arns)}


@contextmanager
def without_the_right_to_read(cloud: LocalCloud, roles: list[str]) -> Iterator[None]:
    """Take GetSecretValue away from roles for a while."""
    iam = cloud.client("iam")
    before = {}
    for role in roles:
        (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
        policy = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        before[role] = {"RoleName": role, "PolicyName": name, "PolicyDocument": json.dumps(policy)}
        left = [entry for entry in policy["Statement"] if "secretsmanager:GetSecretValue" not in entry["Action"]]
        assert len(left) == len(policy["Statement"]) - 1, "a mutation that changes nothing proves nothing"
        iam.put_role_policy(**before[role] | {"PolicyDocument": json.dumps({**policy, "Statement": left})})
    yield
    for arguments in before.values():
        iam.put_role_policy(**arguments)


def test_nobody_who_uses_the_examples_notices_a_rotation(examples: Examples) -> None:
    """Two of them, the second held while no version logs in, and a worker is started in its midst."""
    service, worker = examples.start_service("service"), examples.start_worker("worker").wait_for("Ready")
    with Callers(service.order, threads=4) as orders, Callers(examples.report, threads=1) as reports:
        assert orders.are_served()
        assert reports.are_served()
        for version_id in begin_rotations(examples):
            end_of(examples, version_id)
        assert orders.are_served()
        assert reports.are_served()
        for name in SECRETS:
            examples.cloud.hold_rotation("setSecret", HELD_SECONDS, secret_id=examples.outputs[name])
        held = begin_rotations(examples)
        assert eventually(lambda: is_held(examples, held[0]), within=30)
        second = examples.start_worker("second worker")
        of_orders, of_reports = [end_of(examples, version_id) for version_id in held]
        second.wait_for("is shipped")
        assert orders.are_served()
        assert reports.are_served()
    assert (orders.failures, reports.failures) == ([], [])
    assert orders.served_during(*gap_of(of_orders))
    assert reports.served_during(*gap_of(of_reports))
    assert REFUSED in service.process.said()
    assert REFUSED in log_of(examples, examples.outputs["ReportFunction"])
    assert eventually(lambda: examples.report()["waiting"] == 0, within=30)
    assert examples.report()["shipped"] == len(orders.served)
    for process, farewell in (
        (service.process, "Application shutdown complete"),
        (worker, "Stopped in good order"),
        (second, "Stopped in good order"),
    ):
        process.guarded.stop()
        assert farewell in process.said()
        assert not {"WARNING", "ERROR"} & set(process.said().split())
    shipped = re.findall(r"Order (\d+) is shipped", worker.said() + second.said())
    assert len(shipped) == len(set(shipped)) == len(orders.served)


def test_without_its_rights_each_example_is_denied(examples: Examples) -> None:
    """So it was the role that let them read, and nothing else on this machine; the trail tells who was."""
    client, function = examples.cloud.client("lambda"), examples.outputs["ReportFunction"]
    with without_the_right_to_read(examples.cloud, list(examples.roles.values())):
        service, worker = examples.start_service("denied service"), examples.start_worker("denied worker")
        # As after a deployment, a new execution environment has read nothing yet.
        variables = client.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
        client.update_function_configuration(
            FunctionName=function, Environment={"Variables": {**variables, "DEPLOYED": "again"}}
        )
        with pytest.raises(AssertionError, match="AccessDeniedException"):
            examples.report()
        answers = [service.client.get("/ready"), service.client.post("/orders", json={"item": "tea"})]
        assert {answer.status_code for answer in answers} == {httpx2.codes.SERVICE_UNAVAILABLE}
        assert "AccessDeniedException" not in answers[0].text
        assert "AccessDeniedException" in service.process.said()
        assert worker.ended() == 1
        assert "AccessDeniedException" in worker.said()
    denied = denied_readers(examples.cloud)
    assert denied.keys() == set(examples.roles.values())
    assert denied[examples.roles["worker"]].startswith("i-")

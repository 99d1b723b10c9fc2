"""What goes wrong with a credential reaches a person: alarms, and the encrypted topic."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from rotating_rds.findings import FINDINGS
from tests.support.causes import CAUSED_ON_MYSQL, CAUSES, examine
from tests.support.on_call import OnCall, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.deployment import Deployment

# Longer than the evaluation range of an alarm, which reaches back further than its one period when data is missing.
_LONG_AFTER = 3600
ALARMS = (*(finding.name for finding in FINDINGS), "Health")


@pytest.fixture(scope="module", autouse=True)
def at_rest(deployment: Deployment) -> None:
    """Begin when what other tests have broken is past, and every alarm knows it."""
    deployment.cloud.advance_clock(_LONG_AFTER)
    examine(deployment)
    assert eventually(lambda: set(states(deployment).values()) == {"OK"}), states(deployment)


def states(deployment: Deployment) -> dict[str, str]:
    """Alarm to state, by what the stack calls it."""
    answer = deployment.cloud.client("cloudwatch").describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return {
        name: alarm["StateValue"]
        for alarm in answer["MetricAlarms"] + answer["CompositeAlarms"]
        for name in ALARMS
        if f"Alarms{name}" in alarm["AlarmName"]
    }


def test_a_deployment_ends_with_every_credential_examined_and_well(deployment: Deployment) -> None:
    """The first examination follows the trial of the rotation."""
    told = examine(deployment)
    assert [entry["outcome"] for entry in told] == ["succeeded", "succeeded"], told
    assert eventually(lambda: set(states(deployment).values()) == {"OK"}), states(deployment)


@pytest.fixture
def standby(deployment: Deployment) -> Iterator[str]:
    """Give the database a standby in another zone, and return its identifier."""
    rds, (database,) = deployment.cloud.client("rds"), deployment.cloud.control.databases()
    rds.modify_db_instance(DBInstanceIdentifier=database.identifier, MultiAZ=True, ApplyImmediately=True)
    yield database.identifier
    rds.modify_db_instance(DBInstanceIdentifier=database.identifier, MultiAZ=False, ApplyImmediately=True)


def test_the_dashboard_reads_where_the_functions_write(deployment: Deployment) -> None:
    """Each credential has a line of the probe there, and the rotations of each have theirs."""
    logs, cloudwatch = deployment.cloud.client("logs"), deployment.cloud.client("cloudwatch")
    examine(deployment)
    deployment.rotate()
    body = json.loads(cloudwatch.get_dashboard(DashboardName="rotating-rds-local")["DashboardBody"])
    tables = {widget["properties"]["title"]: widget["properties"].get("query", "") for widget in body["widgets"]}
    for title, step in (("Credentials, as last examined", "probe"), ("Rotations by credential", "finishSecret")):
        (group,) = re.findall(r"SOURCE '([^']+)'", tables[title])
        pattern = f'{{ $.step = "{step}" && $.secret = "{deployment.secret}" && $.outcome = "succeeded" }}'
        assert eventually(lambda: logs.filter_log_events(logGroupName=group, filterPattern=pattern)["events"])  # noqa: B023


def test_thirty_healthy_days_say_nothing(deployment: Deployment, on_call: OnCall, standby: str) -> None:
    """Rotations, daily examinations, an application that reads, a deployment, a fail-over: no alarm, no detection.

    Of the fail-over RDS tells by itself.
    """
    assert eventually(lambda: set(states(deployment).values()) == {"OK"}), states(deployment)
    begun, before = len(on_call.messages()), deployment.labels["AWSCURRENT"]
    application = deployment.cloud.client("secretsmanager", role=deployment.outputs["ApplicationRoleName"])
    for _ in range(6):
        deployment.cloud.advance_clock(5 * 86_400)
        application.get_secret_value(SecretId=deployment.secret, VersionStage="AWSCURRENT")
    deployment.deploy()
    deployment.cloud.client("rds").reboot_db_instance(DBInstanceIdentifier=standby, ForceFailover=True)
    deployment.cloud.advance_clock(86_400)
    assert deployment.labels["AWSCURRENT"] != before
    assert [entry["outcome"] for entry in examine(deployment)] == ["succeeded", "succeeded"]
    assert eventually(lambda: set(states(deployment).values()) == {"OK"}), states(deployment)
    assert [json.loads(text)["Event Message"] for text in on_call.messages()[begun:]] == [
        "Multi-AZ instance failover started.",
        "Multi-AZ instance failover completed",
    ]


@pytest.mark.parametrize("alarm", CAUSES)
def test_a_cause_raises_its_alarm_and_the_alarm_clears_with_it(
    deployment: Deployment, on_call: OnCall, alarm: str
) -> None:
    """On-call is told, with the paragraph to read; when the cause is gone, all is well."""
    (finding,) = [finding for finding in FINDINGS if finding.name == alarm]
    raised = "INSUFFICIENT_DATA" if alarm == "ProbeSilent" else "ALARM"
    deployment.cloud.advance_clock(_LONG_AFTER)
    examine(deployment)
    assert eventually(lambda: states(deployment)[alarm] == "OK"), states(deployment)
    with CAUSES[alarm](deployment):
        assert eventually(lambda: states(deployment)[alarm] == raised), states(deployment)
        assert eventually(lambda: states(deployment)["Health"] == "ALARM")
        assert eventually(lambda: bool(on_call.told_of(finding.paragraph)))
    deployment.cloud.advance_clock(_LONG_AFTER)
    assert [entry["outcome"] for entry in examine(deployment)] == ["succeeded", "succeeded"]
    assert eventually(lambda: set(states(deployment).values()) == {"OK"}), states(deployment)


def test_every_alarm_has_a_cause() -> None:
    """Here, or in the stack that has MySQL."""
    assert {finding.name for finding in FINDINGS} == {*CAUSES, CAUSED_ON_MYSQL}

"""What the target of a rule receives, and which rules and targets are refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import emulated
from tests.support.queues import Queue

if TYPE_CHECKING:
    from localcloud.cloud import LocalCloud

WHO = "$.detail.userIdentity.sessionContext.sessionIssuer.arn"
DETAIL = {
    "eventName": "GetSecretValue",
    "userIdentity": {"sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::123456789012:role/Outsider"}}},
    "resources": [{"ARN": "arn:first"}, {"ARN": "arn:second"}],
    "tags": ["red", "green"],
}


def rule_with(transformer: dict[str, Any], source: str, queue: Queue) -> dict[str, Any]:
    """Return the resources of a rule whose target is a queue."""
    target = {"Id": "Queue", "Arn": queue.arn, "InputTransformer": transformer}
    properties = {"EventPattern": {"source": [source]}, "Targets": [target]}
    return {"Rule": {"Type": "AWS::Events::Rule", "Properties": properties}}


TEMPLATES: list[Any] = [
    pytest.param({"who": WHO}, '"Read by <who>."', '"Read by arn:aws:iam::123456789012:role/Outsider."', id="a text"),
    pytest.param({"key": "$.detail.resources[1].ARN"}, '{"key": <key>}', '{"key": "arn:second"}', id="an array's item"),
    pytest.param({"kind": "$.detail-type"}, '{"kind": "<kind>"}', '{"kind": "test"}', id="a dash, in quotes"),
    pytest.param({"tags": "$.detail.tags"}, '{"tags": <tags>}', '{"tags": ["red", "green"]}', id="an array"),
    pytest.param({}, "<aws.events.rule-name>", None, id="a reserved variable"),
]


@pytest.mark.parametrize(("paths", "template", "expected"), TEMPLATES)
def test_a_template_is_filled_from_the_event(
    cloud: LocalCloud, stack: str, paths: dict[str, str], template: str, expected: str | None
) -> None:
    """The examples of "Amazon EventBridge input transformation", through CloudFormation."""
    queue = Queue.create(cloud, admits="events.amazonaws.com")
    transformer = {"InputPathsMap": paths, "InputTemplate": template}
    outputs = {"Rule": {"Ref": "Rule"}}
    assert emulated.deploy(cloud, stack, rule_with(transformer, stack, queue), outputs) == "CREATE_COMPLETE"
    entry = {"Source": stack, "DetailType": "test", "Detail": json.dumps(DETAIL)}
    cloud.client("events").put_events(Entries=[entry])
    assert queue.receive() == [expected or emulated.outputs(cloud, stack)["Rule"]]


def test_a_rule_is_updated_and_deleted_with_its_targets(cloud: LocalCloud, stack: str) -> None:
    """A changed template reaches the target at once, and a deleted rule is gone."""
    queue = Queue.create(cloud, admits="events.amazonaws.com")
    for text in ('"first"', '"second"'):
        resources = rule_with({"InputTemplate": text}, stack, queue)
        assert emulated.deploy(cloud, stack, resources, {"Rule": {"Ref": "Rule"}}).endswith("_COMPLETE")
        cloud.client("events").put_events(Entries=[{"Source": stack, "DetailType": "test", "Detail": "{}"}])
        assert queue.receive() == [text]
    rule = emulated.outputs(cloud, stack)["Rule"]
    assert emulated.destroy(cloud, stack) == "DELETE_COMPLETE"
    assert emulated.error_of(cloud.client("events").describe_rule, Name=rule) == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("transformer", "reason"),
    [
        ({"InputTemplate": '"<who>"'}, "InputPathsMap lacks"),
        ({"InputTemplate": "x" * 8193}, "8192 characters"),
    ],
    ids=["unknown variable", "too long"],
)
def test_a_template_that_aws_refuses_fails_the_deployment(
    cloud: LocalCloud, stack: str, transformer: dict[str, Any], reason: str
) -> None:
    """The rule is not left behind without its target."""
    queue = Queue.create(cloud, admits="events.amazonaws.com")
    assert emulated.deploy(cloud, stack, rule_with(transformer, stack, queue)) == "ROLLBACK_COMPLETE"
    assert reason in emulated.failure_reasons(cloud, stack)


def test_a_pattern_over_the_limit_is_refused(cloud: LocalCloud) -> None:
    """Patterns have at most 2,048 characters."""
    pattern = json.dumps({"source": [f"source-{number:04}" for number in range(150)]})
    error = emulated.error_of(cloud.client("events").put_rule, Name=emulated.unique("rule"), EventPattern=pattern)
    assert error == "LimitExceededException"

"""Which events a pattern matches, by the examples of "Comparison operators for use in event patterns"."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import emulated

if TYPE_CHECKING:
    from localcloud.cloud import LocalCloud

ISSUER = {"arn": "arn:aws:iam::123456789012:role/team/Outsider", "userName": "Outsider"}
DETAIL = {
    "eventName": "GetSecretValue",
    "errorCode": "AccessDenied",
    "sourceIPAddress": "10.0.0.1",
    "count": 5,
    "requestParameters": {"secretId": "arn:aws:secretsmanager:us-east-1:123456789012:secret:Orders-AbCdEf"},
    "userIdentity": {"type": "AssumedRole", "sessionContext": {"sessionIssuer": ISSUER}},
    "resources": [{"type": "AWS::KMS::Key", "ARN": "arn:k"}, {"type": "AWS::S3::Object", "ARN": "arn:o"}],
    "tags": ["red", "green"],
}


def detail(**pattern: Any) -> dict[str, Any]:
    """Return a pattern over the detail."""
    return {"detail": pattern}


def issuer(*alternatives: Any) -> dict[str, Any]:
    """Return a pattern over the ARN of the role behind a session."""
    return detail(userIdentity={"sessionContext": {"sessionIssuer": {"arn": list(alternatives)}}})


def secret(*alternatives: Any) -> dict[str, Any]:
    """Return a pattern over the secret that was asked for."""
    return detail(requestParameters={"secretId": list(alternatives)})


CASES: list[Any] = [
    pytest.param(detail(eventName=["PutSecretValue", "GetSecretValue"]), True, id="one of several values"),
    pytest.param(detail(eventName=[{"prefix": "Get"}]), True, id="prefix"),
    pytest.param(detail(eventName=[{"prefix": {"equals-ignore-case": "get"}}]), True, id="prefix, any case"),
    pytest.param(detail(errorCode=[{"suffix": "Denied"}]), True, id="suffix"),
    pytest.param(detail(errorCode=[{"equals-ignore-case": "accessdenied"}]), True, id="equals-ignore-case"),
    pytest.param(detail(errorCode=[{"exists": False}]), False, id="exists false"),
    pytest.param(detail(missing=[{"exists": False}]), True, id="exists false of a missing field"),
    pytest.param(detail(count=[{"numeric": [">", 0, "<=", 5]}]), True, id="numeric range"),
    pytest.param(detail(sourceIPAddress=[{"cidr": "10.0.0.0/24"}]), True, id="cidr"),
    pytest.param(detail(tags=["green"]), True, id="one element of an array"),
    pytest.param(detail(tags=[{"anything-but": ["red"]}]), True, id="another element of an array"),
    pytest.param(detail(resources={"type": ["AWS::KMS::Key"], "ARN": ["arn:k"]}), True, id="one object of an array"),
    pytest.param(detail(resources={"type": ["AWS::KMS::Key"], "ARN": ["arn:o"]}), False, id="two objects of an array"),
    pytest.param(issuer({"anything-but": [ISSUER["arn"], "arn:x"]}), False, id="anything-but a list"),
    pytest.param(issuer({"anything-but": {"prefix": "arn:aws:iam::123456789012:role/team/"}}), False, id="but prefix"),
    pytest.param(issuer({"anything-but": {"prefix": ["a:", "arn:aws:iam::1"]}}), False, id="but prefixes"),
    pytest.param(issuer({"anything-but": {"suffix": ["Insider"]}}), True, id="anything-but a suffix"),
    pytest.param(issuer({"anything-but": {"wildcard": "*:role/rotating-rds/*"}}), True, id="but a wildcard"),
    pytest.param(issuer({"anything-but": {"wildcard": ["*:role/o/*", "*:role/team/*"]}}), False, id="but wildcards"),
    pytest.param(issuer({"anything-but": {"equals-ignore-case": ["ARN:X"]}}), True, id="but, any case"),
    pytest.param(secret({"wildcard": "arn:aws:secretsmanager:*:secret:Orders-??????"}), False, id="? is no wildcard"),
    pytest.param(secret({"wildcard": "arn:aws:secretsmanager:*:secret:Orders-*"}), True, id="wildcard"),
    pytest.param(secret("Orders", {"prefix": "arn:aws:secretsmanager:us-east-1:"}), True, id="a name or an ARN"),
    pytest.param(detail(**{"$or": [{"eventName": ["No"]}, {"errorCode": ["AccessDenied"]}]}), True, id="$or"),
    pytest.param(detail(**{"$or": [{"eventName": ["No"]}, {"errorCode": ["No"]}]}), False, id="$or of none"),
]


@pytest.mark.parametrize(("pattern", "matches"), CASES)
def test_a_pattern_matches_as_documented(cloud: LocalCloud, pattern: dict[str, Any], matches: bool) -> None:  # noqa: FBT001
    """Every operator that a rule over CloudTrail's events may use."""
    event = {"id": "1", "source": "aws.secretsmanager", "detail-type": "AWS API Call via CloudTrail", "detail": DETAIL}
    envelope = {**event, "account": "123456789012", "region": "us-east-1", "time": "2026-01-01T00:00:00Z"}
    answer = cloud.client("events").test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(envelope))
    assert answer["Result"] is matches


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param({"detail": {"a": [{"anything-but": ["x", 1]}]}}, id="mixed types"),
        pytest.param({"detail": {"a": [{"anything-but": [{"prefix": "x"}, "y"]}]}}, id="operators beside values"),
        pytest.param({"detail": {"a": "x"}}, id="no array"),
        pytest.param({"detail": {"a": [{"regex": "x"}]}}, id="no operator"),
    ],
)
def test_a_pattern_that_aws_refuses_is_refused(cloud: LocalCloud, pattern: dict[str, Any]) -> None:
    """PutRule answers InvalidEventPatternException, and CloudFormation fails."""
    name = emulated.unique("rule")
    put_rule = cloud.client("events").put_rule
    assert emulated.error_of(put_rule, Name=name, EventPattern=json.dumps(pattern)) == "InvalidEventPatternException"
    rule = {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": pattern}}
    assert emulated.deploy(cloud, name, {"Rule": rule}) == "ROLLBACK_COMPLETE"
    assert emulated.destroy(cloud, name) == "DELETE_COMPLETE"

"""Subscriptions to events of RDS, which are refused where RDS could not publish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import emulated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.cloud import LocalCloud


@pytest.fixture
def stack(cloud: LocalCloud) -> Iterator[str]:
    """Return a name for a stack that is deleted afterwards."""
    name = emulated.unique("stack")
    yield name
    assert emulated.destroy(cloud, name) == "DELETE_COMPLETE"


def resources(*categories: str, service: str = "events.rds.amazonaws.com", key: bool = False) -> dict[str, Any]:
    """Return a topic that admits a service, perhaps under a key that admits nobody, and a subscription to it."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sns:Publish",
        "Resource": {"Ref": "Topic"},
        "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:rds:us-east-1:*:db:orders"}},
    }
    policy = {"Topics": [{"Ref": "Topic"}], "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
    subscription = {
        "SnsTopicArn": {"Ref": "Topic"},
        "SourceType": "db-instance",
        "SourceIds": ["orders"],
        "EventCategories": list(categories),
    }
    closed = {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Version": "2012-10-17", "Statement": []}}}
    encryption = {"KmsMasterKeyId": {"Fn::GetAtt": ["Key", "Arn"]}} if key else {}
    return {
        **({"Key": closed} if key else {}),
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": encryption},
        "Policy": {"Type": "AWS::SNS::TopicPolicy", "Properties": policy},
        "Events": {"Type": "AWS::RDS::EventSubscription", "Properties": subscription, "DependsOn": "Policy"},
    }


def test_a_subscription_comes_changes_and_goes(cloud: LocalCloud, stack: str) -> None:
    """GIVEN a topic that admits RDS, THEN other categories are an update in place."""
    outputs = {"Name": {"Ref": "Events"}}
    assert emulated.deploy(cloud, stack, resources("failure"), outputs) == "CREATE_COMPLETE"
    name = emulated.outputs(cloud, stack)["Name"]
    assert emulated.deploy(cloud, stack, resources("failure", "failover"), outputs) == "UPDATE_COMPLETE"
    assert emulated.outputs(cloud, stack)["Name"] == name


@pytest.mark.parametrize("refused", [{"service": "sns.amazonaws.com"}, {"key": True}], ids=["topic", "key"])
def test_a_topic_that_rds_may_not_publish_to_is_refused(cloud: LocalCloud, stack: str, refused: dict[str, Any]) -> None:
    """GIVEN a policy of the topic or of its key without RDS, THEN the stack fails with the service's own reason."""
    assert emulated.deploy(cloud, stack, resources("failure", **refused)) == "ROLLBACK_COMPLETE"
    assert "SNSNoAuthorization" in emulated.failure_reasons(cloud, stack)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aws_cdk import aws_rds as rds
from aws_cdk import aws_sns as sns

from rotating_rds import Engine, RotatingCluster
from tests.support.declarations import new_declaration

if TYPE_CHECKING:
    from tests.support.templates import Template

SUBSCRIPTION = "AWS::RDS::EventSubscription"


@pytest.mark.parametrize(
    ("source_type", "identifier", "asked_for"),
    [
        # What Security Hub's controls RDS.20 and RDS.21 ask for.
        ("db-instance", "${Orders}", {"maintenance", "configuration change", "failure"}),
        ("db-parameter-group", "${Orders/Parameters}", {"configuration change"}),
    ],
)
def test_rds_tells_the_topic_what_happens_to_an_instance(
    defaults: Template, source_type: str, identifier: str, asked_for: set[str]
) -> None:
    """The person whom alarms reach hears of failures, maintenance and changes as well."""
    subscriptions = [defaults.readable(found["Properties"]) for found in defaults.of_type(SUBSCRIPTION).values()]
    (found,) = [properties for properties in subscriptions if properties["SourceType"] == source_type]
    assert (found["SnsTopicArn"], found["SourceIds"], found["Enabled"]) == (
        "${Orders/AlarmTopic}",
        [identifier],
        True,
    )
    assert asked_for <= set(found["EventCategories"])


def test_a_subscription_waits_for_the_permission_to_publish(defaults: Template) -> None:
    """RDS tries it at once, and refuses the subscription otherwise."""
    for path in defaults.of_type(SUBSCRIPTION):
        assert "Orders/AlarmTopic/Policy" in defaults.depends_on(SUBSCRIPTION, path)


def test_a_cluster_is_watched_as_a_whole() -> None:
    """As Security Hub's control RDS.19 asks for."""
    declaration = new_declaration()
    cluster = RotatingCluster(
        declaration.stack,
        "Orders",
        engine=Engine.aurora_postgres(rds.AuroraPostgresEngineVersion.VER_16_6),
        vpc=declaration.vpc,
        secrets_manager_endpoint=declaration.endpoint,
    )
    cluster.add_alarms()
    found = declaration.template().properties(SUBSCRIPTION)
    assert (found["SourceType"], found["SourceIds"]) == ("db-cluster", ["${Orders}"])
    assert {"maintenance", "failure"} <= set(found["EventCategories"])


def test_the_policy_of_an_imported_topic_is_its_owners() -> None:
    """GIVEN a topic of somebody else, THEN the subscriptions are made, and nothing is said about its policy."""
    declaration = new_declaration()
    topic = sns.Topic.from_topic_arn(declaration.stack, "OnCall", "arn:aws:sns:eu-west-1:111122223333:on-call")
    declaration.database().add_alarms(notify=topic)
    template = declaration.template()
    assert len(template.of_type(SUBSCRIPTION)) == 2
    assert template.of_type("AWS::SNS::TopicPolicy") == {}

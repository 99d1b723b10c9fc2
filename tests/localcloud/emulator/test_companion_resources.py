"""What stands beside a database in templates: option groups, event subscriptions, backup selections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import emulated
from tests.support.emulated import statement

if TYPE_CHECKING:
    from localcloud.cloud import LocalCloud

TOPIC = {"Type": "AWS::SNS::Topic"}
SUBSCRIPTION: dict[str, Any] = {
    "SnsTopicArn": {"Ref": "Topic"},
    "SourceType": "db-instance",
    "EventCategories": ["failover"],
}


def subscription(**properties: Any) -> dict[str, Any]:
    """Return an event subscription to the stack's topic."""
    return {"Type": "AWS::RDS::EventSubscription", "Properties": {**SUBSCRIPTION, **properties}}


def test_an_option_group_is_created_changed_and_deleted(cloud: LocalCloud, stack: str) -> None:
    """Options and tags change in place, another engine version replaces the group."""
    rds = cloud.client("rds")

    def deployed(version: str, *options: str) -> dict[str, Any]:
        properties = {
            "EngineName": "mysql",
            "MajorEngineVersion": version,
            "OptionGroupDescription": "audit",
            "OptionConfigurations": [{"OptionName": name} for name in options],
        }
        group = {"Type": "AWS::RDS::OptionGroup", "Properties": properties}
        emulated.deploy(cloud, stack, {"Topic": TOPIC, "Group": group}, {"Group": {"Ref": "Group"}})
        name = emulated.outputs(cloud, stack)["Group"]
        (found,) = rds.describe_option_groups(OptionGroupName=name)["OptionGroupsList"]
        return dict(found)

    first = deployed("8.4")
    second = deployed("8.4", "MARIADB_AUDIT_PLUGIN")
    assert second["OptionGroupName"] == first["OptionGroupName"]
    assert [option["OptionName"] for option in second["Options"]] == ["MARIADB_AUDIT_PLUGIN"]
    third = deployed("8.0")
    assert third["OptionGroupName"] != first["OptionGroupName"]
    emulated.deploy(cloud, stack, {"Topic": TOPIC})
    for group in (first, third):
        name = group["OptionGroupName"]
        assert emulated.error_of(rds.describe_option_groups, OptionGroupName=name) == "OptionGroupNotFoundFault"


def test_an_event_subscription_is_created_changed_and_deleted(cloud: LocalCloud, stack: str) -> None:
    """Categories change in place, another topic replaces the subscription."""
    rds, topics = cloud.client("rds"), {"Topic": TOPIC, "Other": TOPIC}

    def deployed(**properties: Any) -> dict[str, Any]:
        emulated.deploy(cloud, stack, {**topics, "Events": subscription(**properties)}, {"Name": {"Ref": "Events"}})
        name = emulated.outputs(cloud, stack)["Name"]
        (found,) = rds.describe_event_subscriptions(SubscriptionName=name)["EventSubscriptionsList"]
        return dict(found)

    first = deployed()
    assert (first["SourceType"], first["EventCategoriesList"]) == ("db-instance", ["failover"])
    second = deployed(EventCategories=["failure", "low storage"])
    assert second["CustSubscriptionId"] == first["CustSubscriptionId"]
    assert second["EventCategoriesList"] == ["failure", "low storage"]
    third = deployed(SnsTopicArn={"Ref": "Other"})
    assert third["CustSubscriptionId"] != first["CustSubscriptionId"]
    emulated.deploy(cloud, stack, topics)
    for found in (first, third):
        name = found["CustSubscriptionId"]
        error = emulated.error_of(rds.describe_event_subscriptions, SubscriptionName=name)
        assert error == "SubscriptionNotFound"


def test_a_subscription_to_a_source_that_is_not_there_fails(cloud: LocalCloud) -> None:
    """The reason is RDS's own."""
    name = emulated.unique("stack")
    resources = {"Topic": TOPIC, "Events": subscription(SourceIds=["nowhere"])}
    assert emulated.deploy(cloud, name, resources) == "ROLLBACK_COMPLETE"
    assert "SourceNotFound: the db-instance 'nowhere' does not exist" in emulated.failure_reasons(cloud, name)


def publishing(service: str, account: str) -> dict[str, Any]:
    """Return the policy of the stack's topic, which admits a service on behalf of an account."""
    allow = statement("Allow", "sns:Publish", "*", StringEquals={"aws:SourceAccount": account})
    document = {"Statement": [{**allow, "Principal": {"Service": service}}]}
    return {"Type": "AWS::SNS::TopicPolicy", "Properties": {"Topics": [{"Ref": "Topic"}], "PolicyDocument": document}}


@pytest.mark.parametrize(
    ("service", "account", "outcome"),
    [
        ("events.rds.amazonaws.com", "000000000000", "CREATE_COMPLETE"),
        ("events.rds.amazonaws.com", "111122223333", "ROLLBACK_COMPLETE"),
        ("events.amazonaws.com", "000000000000", "ROLLBACK_COMPLETE"),
    ],
)
def test_a_topic_that_rds_may_not_publish_to_fails_the_subscription(
    cloud: LocalCloud, service: str, account: str, outcome: str
) -> None:
    """A topic policy of one's own has to admit RDS's events for this account."""
    name = emulated.unique("stack")
    events = {**subscription(), "DependsOn": "Policy"}
    resources = {"Topic": TOPIC, "Policy": publishing(service, account), "Events": events}
    assert emulated.deploy(cloud, name, resources) == outcome
    assert ("SNSNoAuthorization" in emulated.failure_reasons(cloud, name)) is (outcome != "CREATE_COMPLETE")
    emulated.destroy(cloud, name)


def test_an_encrypted_topic_takes_the_keys_permission_too(cloud: LocalCloud) -> None:
    """A key that does not admit RDS's events fails the subscription to the topic."""
    name, key = emulated.unique("stack"), emulated.create_key(cloud)
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": key}}
    assert emulated.deploy(cloud, name, {"Topic": topic, "Events": subscription()}) == "ROLLBACK_COMPLETE"
    assert "SNSNoAuthorization" in emulated.failure_reasons(cloud, name)


def test_a_backup_selection_belongs_to_its_plan(cloud: LocalCloud, stack: str) -> None:
    """The selection is the plan's while its resource exists; other resources replace it."""
    vault = {"Type": "AWS::Backup::BackupVault", "Properties": {"BackupVaultName": emulated.unique("vault")}}
    rule = {"RuleName": "daily", "TargetBackupVault": {"Ref": "Vault"}, "ScheduleExpression": "cron(0 5 * * ? *)"}
    plan = {"BackupPlan": {"BackupPlanName": "daily", "BackupPlanRule": [rule]}}
    base = {"Vault": vault, "Plan": {"Type": "AWS::Backup::BackupPlan", "Properties": plan}}
    outputs = {"Plan": {"Ref": "Plan"}}
    backup = cloud.client("backup")

    def deployed(*resources: str) -> list[dict[str, Any]]:
        chosen = {
            "SelectionName": "databases",
            "IamRoleArn": "arn:aws:iam::000000000000:role/r",
            "Resources": [*resources],
        }
        properties = {"BackupPlanId": {"Ref": "Plan"}, "BackupSelection": chosen}
        selection = (
            {"Selection": {"Type": "AWS::Backup::BackupSelection", "Properties": properties}} if resources else {}
        )
        assert emulated.deploy(cloud, stack, base | selection, outputs).endswith("E_COMPLETE")
        plan_id = emulated.outputs(cloud, stack)["Plan"]
        ids = [
            found["SelectionId"]
            for found in backup.list_backup_selections(BackupPlanId=plan_id)["BackupSelectionsList"]
        ]
        return [backup.get_backup_selection(BackupPlanId=plan_id, SelectionId=each) for each in ids]

    (first,) = deployed("arn:aws:rds:us-east-1:000000000000:db:one")
    (second,) = deployed("arn:aws:rds:us-east-1:000000000000:db:two")
    assert second["BackupSelection"]["Resources"] == ["arn:aws:rds:us-east-1:000000000000:db:two"]
    assert first["SelectionId"] != second["SelectionId"]
    assert deployed() == []

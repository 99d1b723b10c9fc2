from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aws_cdk import Duration
from aws_cdk import aws_rds as rds

from rotating_rds import DeclarationError, Engine, RotatingCluster
from tests.support.declarations import new_declaration

if TYPE_CHECKING:
    from tests.support.templates import Template

INSTANCE, ROLE = "AWS::RDS::DBInstance", "Orders/MonitoringRole"


@pytest.fixture(scope="module")
def monitored() -> Template:
    """Return the template of an instance that tells more than the least."""
    declaration = new_declaration()
    declaration.database(monitoring_interval=Duration.minutes(1), performance_insights=True)
    return declaration.template()


def test_the_least_is_the_default(defaults: Template) -> None:
    """Further monitoring costs something, and shows statements."""
    instance = defaults.properties(INSTANCE)
    assert not {"MonitoringInterval", "MonitoringRoleArn", "EnablePerformanceInsights"} & set(instance)


def test_the_operating_system_is_sampled_on_request(monitored: Template) -> None:
    """By a role of ours."""
    instance = monitored.properties(INSTANCE)
    assert (instance["MonitoringInterval"], instance["MonitoringRoleArn"]) == (60, f"${{{ROLE}.Arn}}")
    assert monitored.properties("AWS::IAM::Role", ROLE)["Path"] == "/rotating-rds/"


def test_the_role_has_the_policy_that_rds_asks_for(monitored: Template) -> None:
    """And nothing else."""
    policies = monitored.properties("AWS::IAM::Role", ROLE)["ManagedPolicyArns"]
    assert policies == ["arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"]
    assert monitored.statements(ROLE) == []


def test_the_role_is_assumed_for_servers_of_this_account_only(monitored: Template) -> None:
    """No confused deputy."""
    (statement,) = monitored.properties("AWS::IAM::Role", ROLE)["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "monitoring.rds.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "${AWS::AccountId}"},
        "ArnLike": {"aws:SourceArn": "arn:${AWS::Partition}:rds:${AWS::Region}:${AWS::AccountId}:db:*"},
    }


def test_the_load_by_statement_is_under_the_databases_key(monitored: Template) -> None:
    """It holds the text of statements."""
    instance = monitored.properties(INSTANCE)
    assert (instance["EnablePerformanceInsights"], instance["PerformanceInsightsKMSKeyId"]) == (
        True,
        "${Orders/Key.Arn}",
    )


def test_every_instance_of_a_cluster_is_sampled() -> None:
    """The writer and its readers."""
    declaration = new_declaration()
    RotatingCluster(
        declaration.stack,
        "Orders",
        engine=Engine.aurora_postgres(rds.AuroraPostgresEngineVersion.VER_16_6),
        vpc=declaration.vpc,
        secrets_manager_endpoint=declaration.endpoint,
        monitoring_interval=Duration.seconds(15),
        performance_insights=True,
    )
    template = declaration.template()
    members = [template.readable(member["Properties"]) for member in template.of_type(INSTANCE).values()]
    assert [(m["MonitoringInterval"], m["MonitoringRoleArn"]) for m in members] == [(15, f"${{{ROLE}.Arn}}")] * 2
    cluster = template.properties("AWS::RDS::DBCluster")
    assert cluster["PerformanceInsightsEnabled"] is True
    assert cluster["PerformanceInsightsKmsKeyId"] == "${Orders/Key.Arn}"


def test_an_interval_that_rds_does_not_know_is_refused() -> None:
    """The deployment would fail in the middle."""
    with pytest.raises(DeclarationError, match=r"of 2 minutes is refused by RDS: choose 1, 5, 10, 15, 30, 60 seconds"):
        new_declaration().database(monitoring_interval=Duration.minutes(2))

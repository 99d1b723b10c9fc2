from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager

from rotating_rds import AdoptedDatabase, Compute, Engine, RotatingCluster, RotatingDatabase, Rotation
from tests.support.declarations import POSTGRES, Declaration, new_declaration

INGRESS = "AWS::EC2::SecurityGroupIngress"
SCHEDULE = "AWS::SecretsManager::RotationSchedule"
ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:legacy-AbCdEf"
KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def adopt(declaration: Declaration, *, customer_key: bool = True, **props: Any) -> AdoptedDatabase:
    """Adopt an instance that somebody else runs, by its attributes."""
    stack = declaration.stack
    instance = rds.DatabaseInstance.from_database_instance_attributes(
        stack,
        "Legacy",
        instance_identifier="legacy",
        instance_endpoint_address="legacy.abc.eu-west-1.rds.amazonaws.com",
        port=5432,
        security_groups=[ec2.SecurityGroup.from_security_group_id(stack, "LegacyGroup", "sg-0123456789abcdef0")],
    )
    key = kms.Key.from_key_arn(stack, "LegacyKey", KEY) if customer_key else None
    secret = secretsmanager.Secret.from_secret_attributes(
        stack, "LegacySecret", secret_complete_arn=ARN, encryption_key=key
    )
    return RotatingDatabase.from_attributes(
        stack,
        "Adopted",
        **{
            "engine": POSTGRES,
            "instance": instance,
            "instance_identifier": "legacy",
            "secret": secret,
            "vpc": declaration.vpc,
            "secrets_manager_endpoint": declaration.endpoint,
            "master_username": "postgres",
            **props,
        },
    )


def test_an_adopted_secret_is_left_alone_unless_rotation_is_asked_for() -> None:
    """Nothing about the master changes: no schedule, no tag, no new value."""
    declaration = new_declaration()
    adopt(declaration)
    template = declaration.template()
    for kind in (SCHEDULE, "Custom::SecretTags", "AWS::RDS::DBInstance", "AWS::SecretsManager::Secret"):
        assert not template.of_type(kind)


def test_an_adopted_secret_rotates_at_its_first_window_and_not_at_once() -> None:
    """GIVEN rotation=, THEN the schedule is made without a rotation by surprise, once the tags are there."""
    declaration = new_declaration()
    adopt(declaration, rotation=Rotation.single_user())
    template = declaration.template()
    schedule = template.properties(SCHEDULE)
    assert (schedule["SecretId"], schedule["RotateImmediatelyOnUpdate"]) == (ARN, False)
    assert "Adopted/SecretTags/Default" in template.depends_on(SCHEDULE)


def test_tags_tell_the_function_about_an_adopted_secret() -> None:
    """They are set by a custom resource that may tag this one secret."""
    declaration = new_declaration()
    adopt(declaration, rotation=Rotation.single_user())
    template = declaration.template()
    call = template.properties("Custom::SecretTags")["Update"]
    assert '"Key":"rotating-rds:username","Value":"postgres"' in call
    assert '"Key":"rotating-rds:database","Value":"legacy"' in call
    policy = template.properties("AWS::IAM::Policy", "Adopted/SecretTags/CustomResourcePolicy")
    assert policy["PolicyDocument"]["Statement"] == [
        {
            "Action": ["secretsmanager:TagResource", "secretsmanager:UntagResource"],
            "Effect": "Allow",
            "Resource": ARN,
        }
    ]


def test_an_adopted_database_gets_users_with_consumers() -> None:
    """With the adopted master as administrator."""
    declaration = new_declaration()
    adopt(declaration).add_user("web").add_consumer("Api", Compute.ecs_task())
    template = declaration.template()
    request = template.properties("Custom::DatabaseUser")
    assert (request["Administrator"], request["AdministratorUsername"]) == (ARN, "postgres")
    assert template.properties("AWS::SecretsManager::SecretTargetAttachment")["TargetId"] == "legacy"


def test_functions_reach_an_adopted_database_by_its_own_group() -> None:
    """On the engine's port."""
    declaration = new_declaration()
    adopt(declaration)
    template = declaration.template()
    rules = [template.properties(INGRESS, path) for path in template.of_type(INGRESS)]
    assert [rule["FromPort"] for rule in rules if rule["GroupId"] == "sg-0123456789abcdef0"] == [5432]


@pytest.mark.parametrize(("customer_key", "uses"), [(True, [KEY, KEY]), (False, [])])
def test_the_key_of_an_adopted_secret_is_granted_if_it_is_a_customers(customer_key: bool, uses: list[str]) -> None:  # noqa: FBT001
    """The key of Secrets Manager itself takes no grant."""
    declaration = new_declaration()
    adopt(declaration, customer_key=customer_key, rotation=Rotation.single_user())
    statements = declaration.template().statements("Adopted/RotationFunction/Role")
    keys = [s["Resource"] for s in statements for action in s["Action"] if action.startswith("kms:")]
    assert keys == uses


def test_an_instance_of_the_same_app_is_adopted_with_its_secret() -> None:
    """GIVEN `rds.DatabaseInstance` and its own secret, THEN the schedule is about that secret."""
    declaration = new_declaration()
    instance = rds.DatabaseInstance(
        declaration.stack,
        "Legacy",
        engine=rds.DatabaseInstanceEngine.postgres(version=rds.PostgresEngineVersion.VER_17),
        vpc=declaration.vpc,
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
    )
    assert instance.secret is not None
    RotatingDatabase.from_attributes(
        declaration.stack,
        "Adopted",
        engine=POSTGRES,
        instance=instance,
        instance_identifier="legacy",
        secret=instance.secret,
        vpc=declaration.vpc,
        secrets_manager_endpoint=declaration.endpoint,
        rotation=Rotation.single_user(),
    )
    template = declaration.template()
    assert template.properties(SCHEDULE)["SecretId"] == "${Legacy/Secret/Attachment}"
    assert "Legacy" in template.depends_on(SCHEDULE)


def test_a_cluster_is_adopted_likewise() -> None:
    """By its writer endpoint."""
    declaration = new_declaration()
    stack = declaration.stack
    cluster = rds.DatabaseCluster.from_database_cluster_attributes(
        stack,
        "Legacy",
        cluster_identifier="legacy",
        cluster_endpoint_address="legacy.cluster-abc.eu-west-1.rds.amazonaws.com",
        port=5432,
        security_groups=[ec2.SecurityGroup.from_security_group_id(stack, "LegacyGroup", "sg-0123456789abcdef0")],
    )
    RotatingCluster.from_attributes(
        stack,
        "Adopted",
        engine=Engine.aurora_postgres(rds.AuroraPostgresEngineVersion.VER_16_6),
        cluster=cluster,
        cluster_identifier="legacy",
        secret=secretsmanager.Secret.from_secret_complete_arn(stack, "LegacySecret", ARN),
        vpc=declaration.vpc,
        secrets_manager_endpoint=declaration.endpoint,
    ).add_user("web")
    template = declaration.template()
    function = template.properties("AWS::Lambda::Function", "Adopted/RotationFunction")
    assert "legacy.cluster-abc" in function["Environment"]["Variables"]["ROTATING_RDS_DATABASES"]
    assert template.properties("AWS::SecretsManager::SecretTargetAttachment")["TargetType"] == "AWS::RDS::DBCluster"

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds

from rotating_rds import DeclarationError, Engine
from tests.support.declarations import new_declaration

if TYPE_CHECKING:
    from tests.support.templates import Template

INSTANCE = "AWS::RDS::DBInstance"
SECRET = "AWS::SecretsManager::Secret"


def test_storage_is_encrypted_with_a_customer_key_that_rotates(defaults: Template) -> None:
    """Data at rest is unreadable without a key of the customer's own."""
    instance = defaults.properties(INSTANCE)
    key = defaults.properties("AWS::KMS::Key", "Orders/Key")
    assert instance["StorageEncrypted"] is True
    assert instance["KmsKeyId"] == "${Orders/Key.Arn}"
    assert key["EnableKeyRotation"] is True


def test_plaintext_connections_are_refused_by_the_server(defaults: Template) -> None:
    """The parameter group forces TLS, and the instance uses that group."""
    assert defaults.properties("AWS::RDS::DBParameterGroup")["Parameters"] == {"rds.force_ssl": "1"}
    assert defaults.properties(INSTANCE)["DBParameterGroupName"] == "${Orders/Parameters}"


def test_the_instance_is_private(defaults: Template) -> None:
    """It has no public address and is in the isolated subnets."""
    assert defaults.properties(INSTANCE)["PubliclyAccessible"] is False
    subnets = defaults.properties("AWS::RDS::DBSubnetGroup")["SubnetIds"]
    assert subnets == ["${Vpc/DataSubnet1/Subnet}", "${Vpc/DataSubnet2/Subnet}"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MultiAZ", True),
        ("DeletionProtection", True),
        ("BackupRetentionPeriod", 7),
        ("EnableIAMDatabaseAuthentication", True),
        ("AutoMinorVersionUpgrade", True),
        ("CopyTagsToSnapshot", True),
        ("CACertificateIdentifier", "rds-ca-rsa2048-g1"),
        ("EnableCloudwatchLogsExports", ["postgresql", "upgrade"]),
        ("StorageType", "gp3"),
        ("MasterUsername", "dbadmin"),
    ],
)
def test_the_instance_is_safe_by_default(defaults: Template, name: str, value: object) -> None:
    """Nobody has to know a switch to be protected."""
    assert defaults.properties(INSTANCE)[name] == value


def test_a_last_snapshot_is_taken_of_a_removed_instance(defaults: Template) -> None:
    """Removing the construct by accident loses no data."""
    instance = defaults.resource(INSTANCE)
    assert (instance["DeletionPolicy"], instance["UpdateReplacePolicy"]) == ("Snapshot", "Snapshot")


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (SECRET, "Orders/Secret"),
        ("AWS::KMS::Key", "Orders/Key"),
        ("AWS::KMS::Key", "Orders/AlarmTopic/Key"),
    ],
)
def test_what_a_snapshot_is_useless_without_is_retained(defaults: Template, kind: str, path: str) -> None:
    """Credential, keys and logs outlive the stack."""
    assert defaults.resource(kind, path)["DeletionPolicy"] == "Retain"


@pytest.mark.parametrize("path", ["Orders/RotationFunction/LogGroup", "Orders/PostgresqlLog"])
def test_so_are_logs_unless_the_deployment_that_made_them_failed(defaults: Template, path: str) -> None:
    """They have names: what is left behind would stand in the way of the next attempt."""
    assert defaults.resource("AWS::Logs::LogGroup", path)["DeletionPolicy"] == "RetainExceptOnCreate"


def test_the_password_is_only_a_dynamic_reference(defaults: Template) -> None:
    """No template holds a password; CloudFormation asks Secrets Manager for it."""
    password = defaults.properties(INSTANCE)["MasterUserPassword"]
    assert password == "{{resolve:secretsmanager:${Orders/Secret}:SecretString:password::}}"


def test_the_secret_is_encrypted_with_the_database_key(defaults: Template) -> None:
    """Reading the credential takes the use of a key, which is granted separately."""
    assert defaults.properties(SECRET)["KmsKeyId"] == "${Orders/Key.Arn}"


def test_the_secret_learns_host_and_port_by_an_attachment(defaults: Template) -> None:
    """Secrets Manager writes host, port and engine of the instance into the value."""
    attachment = defaults.properties("AWS::SecretsManager::SecretTargetAttachment")
    assert attachment == {
        "SecretId": "${Orders/Secret}",
        "TargetId": "${Orders}",
        "TargetType": "AWS::RDS::DBInstance",
    }


def test_exported_logs_go_to_groups_that_were_made_before_the_instance(defaults: Template) -> None:
    """RDS would make the groups itself, without key and retention, if it came first."""
    groups = {
        group["Properties"]["LogGroupName"]: (path, group["Properties"]["RetentionInDays"])
        for path, group in defaults.of_type("AWS::Logs::LogGroup").items()
        if group["Properties"]["LogGroupName"].startswith("/aws/rds/")
    }
    identifier = defaults.properties(INSTANCE)["DBInstanceIdentifier"]
    assert groups == {
        f"/aws/rds/instance/{identifier}/postgresql": ("Orders/PostgresqlLog", 365),
        f"/aws/rds/instance/{identifier}/upgrade": ("Orders/UpgradeLog", 365),
    }
    assert {path for path, _ in groups.values()} <= defaults.depends_on(INSTANCE)


def logs_statements(template: Template, key: str) -> list[dict[str, Any]]:
    """Return the statements of a key policy for CloudWatch Logs."""
    return [
        statement
        for statement in template.properties("AWS::KMS::Key", key)["KeyPolicy"]["Statement"]
        if statement["Principal"] == {"Service": "logs.${AWS::Region}.amazonaws.com"}
    ]


def test_the_key_admits_cloudwatch_logs_for_these_groups_only(defaults: Template) -> None:
    """Whoever may write to another log group gains no use of the database's key."""
    identifier = defaults.properties(INSTANCE)["DBInstanceIdentifier"]
    prefix = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group"
    assert [statement["Condition"] for statement in logs_statements(defaults, "Orders/Key")] == [
        {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"{prefix}:/aws/rds/instance/{identifier}/*"}},
        # As functions' groups were named once: what is in them has to be read for as long as it is kept.
        {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"{prefix}:Shop-*"}},
        {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"{prefix}:/rotating-rds/{identifier}/*"}},
    ]


def test_only_our_functions_reach_the_database(defaults: Template) -> None:
    """The database's group lets in named groups on one port."""
    into_database = [
        rule
        for rule in map(defaults.readable, defaults.of_type("AWS::EC2::SecurityGroupIngress").values())
        if rule["Properties"]["GroupId"] == "${Orders/SecurityGroup.GroupId}"
    ]
    assert [
        (rule["Properties"]["SourceSecurityGroupId"], rule["Properties"]["FromPort"], rule["Properties"]["ToPort"])
        for rule in into_database
    ] == [
        ("${Orders/RotationFunction/SecurityGroup.GroupId}", 5432, 5432),
        ("${Orders/ProbeFunction/SecurityGroup.GroupId}", 5432, 5432),
    ]
    assert "SecurityGroupIngress" not in defaults.properties("AWS::EC2::SecurityGroup", "Orders/SecurityGroup")


def test_the_primary_child_is_the_instance() -> None:
    """Escape hatches of the CDK find the instance where they expect it."""
    database = new_declaration().database()
    assert database.node.default_child is database.instance


def test_a_destroyable_database_leaves_nothing_behind() -> None:
    """GIVEN removal_policy=DESTROY, THEN everything goes with the stack, without deletion protection."""
    declaration = new_declaration()
    declaration.database(removal_policy=RemovalPolicy.DESTROY).add_alarms()
    template = declaration.template()
    kept = [
        template.path_of(name)
        for name, resource in template.body["Resources"].items()
        if resource.get("DeletionPolicy", "Delete") != "Delete"
    ]
    assert kept == []
    assert template.properties(INSTANCE)["DeletionProtection"] is False


def test_a_given_key_encrypts_everything() -> None:
    """GIVEN encryption_key=, THEN no further key is made for storage, secret and logs, and it admits the logs."""
    declaration = new_declaration()
    declaration.database(encryption_key=kms.Key(declaration.stack, "Mine"))
    template = declaration.template()
    assert set(template.of_type("AWS::KMS::Key")) == {"Mine"}
    assert template.properties(INSTANCE)["KmsKeyId"] == "${Mine.Arn}"
    assert template.properties(SECRET)["KmsKeyId"] == "${Mine.Arn}"
    assert len(logs_statements(template, "Mine")) == 3


def test_props_reach_the_instance() -> None:
    """Sizes and names are passed on as given."""
    declaration = new_declaration()
    declaration.database(
        instance_identifier="orders-eu",
        instance_type=ec2.InstanceType("m7g.large"),
        allocated_storage=100,
        max_allocated_storage=500,
        database_name="orders",
        backup_retention=Duration.days(35),
        multi_az=False,
    )
    instance = declaration.template().properties(INSTANCE)
    assert (instance["DBInstanceIdentifier"], instance["DBInstanceClass"]) == ("orders-eu", "db.m7g.large")
    assert (instance["AllocatedStorage"], instance["MaxAllocatedStorage"]) == ("100", 500)
    assert (instance["DBName"], instance["BackupRetentionPeriod"]) == ("orders", 35)
    assert instance["MultiAZ"] is False


def test_two_databases_live_in_one_stack() -> None:
    """Identifiers, and so log groups and database ids, are made from the construct's path."""
    declaration = new_declaration()
    ids = {declaration.database("Orders").database_id, declaration.database("Invoices").database_id}
    assert [re.sub("-[0-9a-f]{8}$", "", name) for name in sorted(ids)] == ["shop-invoices", "shop-orders"]
    assert len(declaration.template().of_type(INSTANCE)) == 2


def test_isolated_subnets_without_an_endpoint_are_refused() -> None:
    """Every step would time out: the function has no way to Secrets Manager."""
    with pytest.raises(DeclarationError, match=r"could not reach Secrets Manager from the isolated subnet .* pass "):
        new_declaration().database(secrets_manager_endpoint=None)


def test_public_subnets_are_refused() -> None:
    """A database is never placed where the internet is one route away."""
    declaration = new_declaration()
    vpc = ec2.Vpc(declaration.stack, "Open", nat_gateways=0)
    with pytest.raises(DeclarationError, match=r"public subnet 'Shop/Open/PublicSubnet1': choose isolated"):
        declaration.database(vpc=vpc, vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC))


def test_a_network_without_private_subnets_is_refused() -> None:
    """The remedy is named, instead of an error of the CDK about subnet groups."""
    declaration = new_declaration()
    vpc = ec2.Vpc(
        declaration.stack,
        "Open",
        nat_gateways=0,
        subnet_configuration=[ec2.SubnetConfiguration(name="Public", subnet_type=ec2.SubnetType.PUBLIC)],
    )
    with pytest.raises(DeclarationError, match=r"'Shop/Open' has no private subnets .* add isolated ones"):
        declaration.database(vpc=vpc)


def test_another_version_brings_its_own_parameter_family() -> None:
    """The engine's version decides the family of the parameter group."""
    declaration = new_declaration()
    declaration.database(engine=Engine.postgres(rds.PostgresEngineVersion.VER_16))
    assert declaration.template().properties("AWS::RDS::DBParameterGroup")["Family"] == "postgres16"

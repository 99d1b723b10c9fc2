from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_rds as rds

from rotating_rds import DeclarationError, Engine, RotatingCluster, Rotation
from tests.support.declarations import POSTGRES, Declaration, new_declaration

if TYPE_CHECKING:
    from tests.support.templates import Template

AURORA = Engine.aurora_postgres(rds.AuroraPostgresEngineVersion.VER_16_6)
CLUSTER, MEMBER = "AWS::RDS::DBCluster", "AWS::RDS::DBInstance"


def cluster(declaration: Declaration, **props: Any) -> RotatingCluster:
    """Declare a cluster with what the network asks for, and *props*."""
    defaults = {"engine": AURORA, "vpc": declaration.vpc, "secrets_manager_endpoint": declaration.endpoint}
    return RotatingCluster(declaration.stack, "Orders", **{**defaults, **props})


@pytest.fixture(scope="module")
def orders() -> Template:
    """Return the template of a cluster declared with nothing but engine and network, with one user."""
    declaration = new_declaration()
    cluster(declaration).add_user("web")
    return declaration.template()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("StorageEncrypted", True),
        ("KmsKeyId", "${Orders/Key.Arn}"),
        ("DeletionProtection", True),
        ("BackupRetentionPeriod", 7),
        ("EnableIAMDatabaseAuthentication", True),
        ("CopyTagsToSnapshot", True),
        ("EnableCloudwatchLogsExports", ["postgresql"]),
        ("MasterUsername", "dbadmin"),
        ("Port", 5432),
    ],
)
def test_a_cluster_is_safe_by_default(orders: Template, name: str, value: object) -> None:
    """As an instance is."""
    assert orders.properties(CLUSTER)[name] == value


def test_a_cluster_accepts_tls_only(orders: Template) -> None:
    """Its parameter group says so."""
    assert orders.properties("AWS::RDS::DBClusterParameterGroup")["Parameters"] == {"rds.force_ssl": "1"}


def test_a_cluster_has_a_writer_and_a_reader_that_are_private(orders: Template) -> None:
    """A reader takes over when the writer fails."""
    members = [orders.properties(MEMBER, path) for path in orders.of_type(MEMBER)]
    assert len(members) == 2
    assert {member["PubliclyAccessible"] for member in members} == {False}
    assert {member["CACertificateIdentifier"] for member in members} == {"rds-ca-rsa2048-g1"}


def test_a_cluster_is_reached_by_its_writer_endpoint(orders: Template) -> None:
    """A reader endpoint could not change a password."""
    function = orders.properties("AWS::Lambda::Function", "Orders/RotationFunction")
    assert "${Orders.Endpoint.Address}" in function["Environment"]["Variables"]["ROTATING_RDS_DATABASES"]


def test_rotation_waits_for_the_writer(orders: Template) -> None:
    """A cluster without an instance answers nobody."""
    for path in ("Orders/RotationSchedule", "Orders/Users/web/RotationSchedule"):
        waits = orders.depends_on("AWS::SecretsManager::RotationSchedule", path)
        assert "Orders/Writer" in waits or "Orders/Users/web/Default" in waits
    assert "Orders/Writer" in orders.depends_on("Custom::DatabaseUser")


def test_users_secrets_are_attached_to_the_cluster(orders: Template) -> None:
    """They name its writer endpoint."""
    attachment = orders.properties("AWS::SecretsManager::SecretTargetAttachment", "Orders/Users/web/Secret/Attachment")
    assert (attachment["TargetId"], attachment["TargetType"]) == ("${Orders}", "AWS::RDS::DBCluster")


def test_a_managed_master_and_a_destroyable_cluster() -> None:
    """GIVEN both, THEN nothing is retained, and RDS makes the master's secret."""
    declaration = new_declaration()
    cluster(declaration, rotation=Rotation.managed_by_rds(), removal_policy=RemovalPolicy.DESTROY)
    template = declaration.template()
    assert template.properties(CLUSTER)["ManageMasterUserPassword"] is True
    assert template.properties(CLUSTER)["DeletionProtection"] is False
    assert not template.of_type("AWS::SecretsManager::Secret")
    assert {resource.get("DeletionPolicy", "Delete") for resource in template.body["Resources"].values()} == {"Delete"}


def test_instances_are_the_adopters_choice() -> None:
    """Provisioned ones, and as many readers as they like."""
    declaration = new_declaration()
    writer = rds.ClusterInstance.provisioned("Writer", instance_type=ec2.InstanceType("r7g.large"))
    cluster(declaration, writer=writer, readers=[])
    assert declaration.template().properties(MEMBER)["DBInstanceClass"] == "db.r7g.large"


def test_aurora_mysql_brings_its_own_parameters() -> None:
    """And its own port."""
    declaration = new_declaration()
    cluster(declaration, engine=Engine.aurora_mysql(rds.AuroraMysqlEngineVersion.VER_3_08_0), database_name="shop")
    template = declaration.template()
    assert template.properties("AWS::RDS::DBClusterParameterGroup")["Parameters"] == {"require_secure_transport": "ON"}
    assert template.properties(CLUSTER)["Port"] == 3306


def test_an_engine_of_instances_is_refused() -> None:
    """With the factories that make one of clusters."""
    with pytest.raises(DeclarationError, match=r"engine is 'postgres', .* choose Engine.aurora_postgres\(...\) or"):
        cluster(new_declaration(), engine=POSTGRES)

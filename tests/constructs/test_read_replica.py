from __future__ import annotations

from aws_cdk import RemovalPolicy

from tests.support.declarations import new_declaration

INSTANCE = "AWS::RDS::DBInstance"


def test_a_replica_is_as_closed_as_its_source() -> None:
    """Private, encrypted by the same key, TLS only, in the same group."""
    declaration = new_declaration()
    declaration.database().add_read_replica("Replica")
    template = declaration.template()
    replica = template.properties(INSTANCE, "Orders/Replica")
    assert replica["SourceDBInstanceIdentifier"].endswith(":db:${Orders}")
    assert replica["PubliclyAccessible"] is False
    assert replica["KmsKeyId"] == "${Orders/Key.Arn}"  # which encrypts it: an encrypted source has encrypted replicas
    assert "StorageEncrypted" not in replica
    assert replica["DBParameterGroupName"] == "${Orders/Parameters}"
    assert replica["VPCSecurityGroups"] == ["${Orders/SecurityGroup.GroupId}"]
    assert (replica["DeletionProtection"], replica["Port"]) == (True, "5432")


def test_a_replica_of_a_destroyable_database_is_destroyable() -> None:
    """It would keep the stack from going."""
    declaration = new_declaration()
    declaration.database(removal_policy=RemovalPolicy.DESTROY).add_read_replica("Replica")
    assert declaration.template().properties(INSTANCE, "Orders/Replica")["DeletionProtection"] is False

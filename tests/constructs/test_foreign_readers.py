"""Readers of other accounts: the policies of secret and key name them, one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from rotating_rds import DeclarationError
from tests.support.declarations import new_declaration

if TYPE_CHECKING:
    from collections.abc import Callable

    from constructs import Construct

    from tests.support.templates import Template

ROLE = "arn:aws:iam::999988887777:role/apps/reports"
POLICY, SECRET = "AWS::SecretsManager::ResourcePolicy", "${Orders/Secret/Attachment}"


def imported(scope: Construct) -> iam.IGrantable:
    """Return the role as a construct."""
    return iam.Role.from_role_arn(scope, "Reports", ROLE)


def named(_: Construct) -> iam.IGrantable:
    """Return the role as a principal."""
    return iam.ArnPrincipal(ROLE)


def foreign_statements(template: Template) -> list[dict[str, Any]]:
    """Return what the key's policy says of the foreign role."""
    statements = template.properties("AWS::KMS::Key", "Orders/Key")["KeyPolicy"]["Statement"]
    return [statement for statement in statements if statement["Principal"] == {"AWS": ROLE}]


def in_any_partition(scope: Construct) -> iam.IGrantable:
    """Return the role by an ARN whose partition is CloudFormation's to fill in."""
    return iam.ArnPrincipal(ROLE.replace("arn:aws:", f"arn:{Stack.of(scope).partition}:"))


def test_the_partition_may_be_left_to_cloudformation() -> None:
    """GIVEN an ARN with a reference in it, THEN the account in it is seen all the same."""
    declaration = new_declaration()
    declaration.database().grants.read_secret(in_any_partition(declaration.stack))
    assert len(declaration.template().of_type(POLICY)) == 1


@pytest.mark.parametrize("reader", [imported, named])
def test_a_role_of_another_account_is_admitted_by_secret_and_key(reader: Callable[[Construct], iam.IGrantable]) -> None:
    """GIVEN its ARN, THEN both policies admit it: to AWSCURRENT, through Secrets Manager, for this secret."""
    declaration = new_declaration()
    declaration.database().grants.read_secret(reader(declaration.stack))
    template = declaration.template()
    policy = template.properties(POLICY)
    assert policy["SecretId"] == SECRET
    assert policy["BlockPublicPolicy"] is True
    assert policy["ResourcePolicy"]["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"AWS": ROLE},
            "Action": "secretsmanager:GetSecretValue",
            "Resource": "*",
            "Condition": {"StringEquals": {"secretsmanager:VersionStage": "AWSCURRENT"}},
        }
    ]
    logical_id = template.logical_id("AWS::SecretsManager::Secret")
    here = "${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}"
    assert foreign_statements(template) == [
        {
            "Effect": "Allow",
            "Principal": {"AWS": ROLE},
            "Action": "kms:Decrypt",
            "Resource": "*",
            "Condition": {
                "StringEquals": {"kms:ViaService": "secretsmanager.${AWS::Region}.amazonaws.com"},
                "StringLike": {"kms:EncryptionContext:SecretARN": f"arn:{here}:secret:*{logical_id}*"},
            },
        }
    ]


def test_a_role_of_this_account_needs_no_policy_of_the_secret() -> None:
    """GIVEN the stack's own account, THEN the role's own policy is enough, imported or not."""
    declaration = new_declaration(account="999988887777")
    database = declaration.database()
    database.grants.read_secret(imported(declaration.stack))
    database.grants.read_secret(
        iam.Role(declaration.stack, "Own", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
    )
    assert declaration.template().of_type(POLICY) == {}


@pytest.mark.parametrize(
    ("grantee", "given"),
    [
        (iam.ServicePrincipal("batch.amazonaws.com"), "ServicePrincipal"),
        (iam.AccountPrincipal("999988887777"), "AccountPrincipal"),
        (iam.AnyPrincipal(), "*"),
        (iam.ArnPrincipal("arn:aws:iam::999988887777:role/*"), "arn:aws:iam::999988887777:role/*"),
        (iam.ArnPrincipal("arn:aws:iam::999988887777:root"), "arn:aws:iam::999988887777:root"),
    ],
)
def test_only_single_roles_and_users_are_granted_anything(grantee: iam.IGrantable, given: str) -> None:
    """A grant that has no effect, or too much, is an error instead of a surprise."""
    with pytest.raises(DeclarationError) as refused:
        new_declaration().database().grants.read_secret(grantee)
    assert str(refused.value) == (
        f"Reading cannot be granted to {given!r}, which is no single role or user: give a role, or the ARN of one by "
        "iam.ArnPrincipal(...)."
    )


def test_a_key_whose_policy_is_elsewhere_cannot_admit_anybody() -> None:
    """GIVEN an imported key, THEN the missing statement is an error at synthesis."""
    declaration = new_declaration()
    arn = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
    database = declaration.database(encryption_key=kms.Key.from_key_arn(declaration.stack, "Key", arn))
    with pytest.raises(DeclarationError, match="cannot be admitted by 'Shop/Key', whose policy is not made in this"):
        database.grants.read_secret(iam.ArnPrincipal(ROLE))


def test_the_key_of_secrets_manager_itself_serves_no_other_account() -> None:
    """GIVEN a secret that RDS manages without a customer key, THEN a foreign reader is refused."""
    declaration = new_declaration()
    database = declaration.database()
    grants = type(database.grants)(
        secret=database.secret, key=None, connections=database.connections, readers=database.credential.readers
    )
    with pytest.raises(DeclarationError, match="no other account can use that: encrypt the secret with a customer key"):
        grants.read_secret(iam.ArnPrincipal(ROLE))

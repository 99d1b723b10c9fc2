"""Reads that only declared readers may do, whatever an administrator's own policy says."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from rotating_rds import Access, Compute, DeclarationError
from tests.support.declarations import Declaration, new_declaration

if TYPE_CHECKING:
    from collections.abc import Callable

POLICY = "AWS::SecretsManager::ResourcePolicy"
DEPLOYER = "arn:aws:iam::111122223333:role/deployer"
BREAK_GLASS = "arn:aws:iam::111122223333:role/break-glass"
NAMED: dict[str, Any] = {"deployers": [DEPLOYER], "break_glass": [BREAK_GLASS]}
FOREIGN = "arn:aws:iam::999988887777:role/reports"


def statement_of(declaration: Declaration) -> dict[str, Any]:
    """Return the denial of the only restricted secret."""
    template = declaration.template()
    statements = template.properties(POLICY)["ResourcePolicy"]["Statement"]
    (denial,) = [statement for statement in statements if statement["Effect"] == "Deny"]
    return dict(denial)


def test_nothing_is_denied_unless_asked_for() -> None:
    """A denial that nobody expects locks people out."""
    declaration = new_declaration()
    declaration.database().add_consumer("Api", Compute.ecs_task())
    assert declaration.template().of_type(POLICY) == {}


def test_everybody_but_declared_readers_is_denied() -> None:
    """The master's readers: our function, consumers before and after, deployers, break-glass."""
    declaration = new_declaration()
    database = declaration.database()
    database.add_consumer("Api", Compute.ecs_task())
    database.restrict_reads(**NAMED)
    database.add_consumer("Late", Compute.lambda_function())
    assert statement_of(declaration) == {
        "Sid": "DeclaredReadersOnly",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "secretsmanager:GetSecretValue",
        "Resource": "*",
        "Condition": {
            "ArnNotLike": {
                "aws:PrincipalArn": [
                    "${Orders/RotationFunction/Role.Arn}",
                    "${Orders/Api.Arn}",
                    "${Orders/Late.Arn}",
                    DEPLOYER,
                    BREAK_GLASS,
                ]
            },
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
        },
    }
    assert declaration.template().properties(POLICY)["BlockPublicPolicy"] is True


def test_a_users_secret_is_restricted_to_its_own_readers() -> None:
    """Both functions need it, the user's consumer reads it, and nobody of the master's does."""
    declaration = new_declaration()
    database = declaration.database()
    database.add_consumer("Admin", Compute.ecs_task())
    user = database.add_user("orders", access=Access.read_only())
    user.restrict_reads(**NAMED)
    user.add_consumer("Api", Compute.ecs_task())
    user.grants.read_secret(iam.ArnPrincipal(FOREIGN))
    allowed = statement_of(declaration)["Condition"]["ArnNotLike"]["aws:PrincipalArn"]
    assert sorted(allowed) == sorted(
        [
            "${Orders/ProvisionFunction/Role.Arn}",
            "${Orders/RotationFunction/Role.Arn}",
            "${Orders/Users/orders/Api.Arn}",
            FOREIGN,
            DEPLOYER,
            BREAK_GLASS,
        ]
    )


@pytest.mark.parametrize("empty", ["deployers", "break_glass"])
def test_somebody_must_be_able_to_repair(empty: str) -> None:
    """GIVEN nobody in one of the lists, THEN that is an error with its remedy."""
    with pytest.raises(DeclarationError, match=f"^{empty} is empty, and nobody could repair"):
        new_declaration().database().restrict_reads(**{**NAMED, empty: []})


def test_whoever_is_named_is_a_role() -> None:
    """GIVEN a wildcard, THEN it is refused: it would let too many in."""
    with pytest.raises(DeclarationError, match="no single role or user"):
        new_declaration().database().restrict_reads(**{**NAMED, "deployers": ["arn:aws:iam::111122223333:role/*"]})


def test_more_readers_than_a_policy_holds_are_refused() -> None:
    """GIVEN readers with long names, THEN the one too many is an error at synthesis, and not at deployment."""
    readers = new_declaration().database()
    readers.restrict_reads(**NAMED)

    def add_many() -> None:
        for number in range(40):
            readers.credential.readers.add(iam.ArnPrincipal(f"arn:aws:iam::999988887777:role/{'r' * 500}-{number}"))

    with pytest.raises(DeclarationError, match=r"^\d+ readers of 'Shop/Orders' do not fit into a resource policy"):
        add_many()


@pytest.mark.parametrize("first", ["reader", "restriction"])
def test_a_reader_of_a_stack_that_depends_on_this_one_is_refused(first: str) -> None:
    """GIVEN a role of a later stack, THEN its ARN would be a cycle: the remedy is named, whatever came first."""
    declaration = new_declaration()
    database = declaration.database()
    front = Stack(declaration.app, "Front")
    role = iam.Role(front, "Batch", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
    second: Callable[[], object]
    if first == "reader":
        database.grants.read_secret(role)
        second = partial(database.restrict_reads, **NAMED)
    else:
        database.restrict_reads(**NAMED)
        second = partial(database.grants.read_secret, role)
    with pytest.raises(DeclarationError, match="'Front/Batch' is made by another stack, which depends on this one"):
        second()

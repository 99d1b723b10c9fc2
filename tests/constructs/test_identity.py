from __future__ import annotations

import re

import pytest
from aws_cdk import Aws, Stack

from rotating_rds import DeclarationError, contract
from tests.support.declarations import Declaration, new_declaration


@pytest.mark.parametrize(
    "identifier", ["", "Orders", "1orders", "orders-", "or--ders", "or_ders", "orders.eu", "x" * 64]
)
def test_an_identifier_that_rds_refuses_is_refused(identifier: str) -> None:
    """The message names the value and the rule."""
    with pytest.raises(DeclarationError, match=rf"instance_identifier {identifier!r} is refused by RDS: choose"):
        new_declaration().database(instance_identifier=identifier)


def test_an_identifier_that_is_known_at_deployment_only_is_refused() -> None:
    """Tags, log groups and the function's environment need it as text."""
    with pytest.raises(DeclarationError, match="'Shop/Orders' is only known at deployment: give it as literal text"):
        new_declaration().database(instance_identifier=f"orders-{Aws.ACCOUNT_ID}")


@pytest.mark.parametrize("construct_id", ["Orders", "x" * 200, "9Lives", "With_Underscore", "Übung", "日本"])
def test_an_identifier_made_from_the_path_suits_rds_and_the_contract(construct_id: str) -> None:
    """Whatever the construct is called, RDS and the function take the name."""
    declaration = new_declaration(name="X9")
    identifier = declaration.database(construct_id).database_id
    assert re.fullmatch(r"[a-z](?:-?[a-z0-9])*", identifier)
    assert len(identifier) <= 63
    assert re.fullmatch(contract.DATABASE_ID, identifier)


def test_identifiers_of_two_stacks_differ() -> None:
    """The same construct in two stacks of one account makes two instances."""
    declaration = new_declaration()
    other = Stack(declaration.app, "Other")
    elsewhere = Declaration(app=declaration.app, stack=other, vpc=declaration.vpc, endpoint=declaration.endpoint)
    assert declaration.database().database_id != elsewhere.database().database_id


@pytest.mark.parametrize("name", ["", "Prod", "1st", "a b", "x" * 33, "prod/eu", "prod_eu"])
def test_an_environment_name_that_fits_neither_path_nor_tag_is_refused(name: str) -> None:
    """It becomes part of role paths, on which detection matches."""
    with pytest.raises(DeclarationError, match=rf"environment_name {name!r} does not fit .*: choose 1 to 32"):
        new_declaration().database(environment_name=name)


def test_an_environment_becomes_path_and_tag() -> None:
    """GIVEN environment_name=, THEN roles are below its path, and the secret carries its tag."""
    declaration = new_declaration()
    declaration.database(environment_name="staging")
    template = declaration.template()
    tags = {tag["Key"]: tag["Value"] for tag in template.properties("AWS::SecretsManager::Secret")["Tags"]}
    assert template.properties("AWS::IAM::Role")["Path"] == "/rotating-rds/staging/"
    assert tags["rotating-rds:environment"] == "staging"

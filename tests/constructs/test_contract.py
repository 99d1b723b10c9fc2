from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import RemovalPolicy
from aws_cdk import aws_rds as rds
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from rotating_rds import Access, DeclarationError, Engine, contract
from tests.support.declarations import POSTGRES, new_declaration
from tests.support.toolchain import ROOT

if TYPE_CHECKING:
    from tests.support.templates import Template

SCHEMA: dict[str, Any] = json.loads((ROOT / "lambda" / "contract.schema.json").read_text(encoding="utf-8"))
DEFINITIONS = SCHEMA["$defs"]


def validate(instance: Any, definition: str) -> None:
    """Hold *instance* against a definition of the contract."""
    Draft202012Validator({**SCHEMA, "$ref": f"#/$defs/{definition}"}).validate(instance)


def decoded(text: str) -> str:
    """Undo the tag encoding, as the function does by its own code."""
    parts = re.split(r"=([0-9A-F]{2})", text)
    return b"".join(bytes.fromhex(part) if index % 2 else part.encode() for index, part in enumerate(parts)).decode()


@pytest.mark.parametrize("handler", [contract.HANDLER, contract.PROVISION_HANDLER, contract.PROBE_HANDLER])
def test_the_handler_is_one_of_the_contract(handler: str) -> None:
    """The function's bundle has what Lambda is told to call."""
    assert handler in DEFINITIONS["handler"]["enum"]


def test_the_environment_variable_is_the_required_one() -> None:
    """The function reads its databases from the variable that is written."""
    assert DEFINITIONS["environment"]["required"] == [contract.DATABASES_VARIABLE]


def test_every_tag_is_known_to_the_contract() -> None:
    """The names of the tags are the same on both sides, none missing."""
    ours = {
        contract.DATABASE_TAG,
        contract.ENGINE_TAG,
        contract.STRATEGY_TAG,
        contract.USERNAME_TAG,
        contract.ALTERNATE_USERNAME_TAG,
        contract.ADMINISTRATOR_TAG,
        contract.ADMINISTRATOR_USERNAME_TAG,
        contract.PAIR_TAG,
        contract.ACCESS_ROLE_TAG,
        contract.RETAIN_FOR_TAG,
        contract.TEST_QUERY_TAG,
        contract.ENVIRONMENT_TAG,
    }
    assert ours == set(DEFINITIONS["tags"]["properties"])


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (contract.EXCLUDED_CHARACTERS, DEFINITIONS["excludedCharacters"]["const"]),
        (contract.PASSWORD_LENGTH, DEFINITIONS["passwordLength"]["const"]),
        (contract.METRIC_NAMESPACE, DEFINITIONS["metrics"]["properties"]["namespace"]["const"]),
        ([contract.METRIC_DIMENSION], DEFINITIONS["metrics"]["properties"]["dimensions"]["const"]),
        (list(contract.PROBE_METRICS), list(DEFINITIONS["probeMetrics"]["properties"])),
        ([contract.PROBE_SECRETS], DEFINITIONS["probeRequest"]["required"]),
        (list(contract.METRIC_NAMES), DEFINITIONS["metrics"]["properties"]["names"]["const"]),
        (list(contract.REGIONS), DEFINITIONS["regions"]["enum"]),
        (f"^{contract.DATABASE_ID}$", DEFINITIONS["databaseId"]["pattern"]),
        (
            f"^{contract.ENVIRONMENT_NAME}$",
            DEFINITIONS["tags"]["properties"]["rotating-rds:environment"]["pattern"],
        ),
    ],
)
def test_constants_equal_those_of_the_contract(ours: object, theirs: object) -> None:
    """A value that both sides need is the same on both."""
    assert ours == theirs


@pytest.mark.parametrize(
    ("plain", "encoded"),
    [
        ("dbadmin", "dbadmin"),
        ("O'Hara", "O=27Hara"),
        ("été", "=C3=A9t=C3=A9"),
        ("100%", "100=25"),
        ("a=b", "a=3Db"),
        ("back\\slash", "back=5Cslash"),
        ("Mixed-Case.User", "Mixed-Case.User"),
    ],
)
def test_the_examples_of_the_contract_are_encoded_as_it_says(plain: str, encoded: str) -> None:
    """Both sides agree on each example of the schema."""
    assert encoded in DEFINITIONS["tagEncoded"]["examples"]
    assert contract.tag_encode(plain) == encoded


@given(st.text(min_size=1, max_size=63).filter(lambda text: len(text.encode()) * 3 <= 256))
def test_any_name_survives_the_tag_encoding(name: str) -> None:
    """The encoding is lossless and stays inside what a tag value may hold."""
    encoded = contract.tag_encode(name)
    validate(encoded, "tagEncoded")
    assert decoded(encoded) == name


@pytest.mark.parametrize("name", ["", "ü" * 43])
def test_a_name_that_no_tag_can_hold_is_refused(name: str) -> None:
    """An empty or too long tag value would fail in the middle of a deployment."""
    with pytest.raises(DeclarationError, match="characters as a tag value: choose one that takes 1 to 256"):
        contract.tag_encode(name)


def test_a_generated_password_follows_the_contract(defaults: Template) -> None:
    """What is generated at deployment is inside the set that rotation keeps to."""
    generation = defaults.properties("AWS::SecretsManager::Secret")["GenerateSecretString"]
    assert generation["ExcludeCharacters"] == DEFINITIONS["excludedCharacters"]["const"]
    assert generation["PasswordLength"] == DEFINITIONS["passwordLength"]["const"]
    assert generation["GenerateStringKey"] == "password"
    assert json.loads(generation["SecretStringTemplate"]) == {"username": "dbadmin"}


def test_the_tags_of_the_secret_follow_the_contract(defaults: Template) -> None:
    """The function decides by tags what rotates, and how."""
    tags = {tag["Key"]: tag["Value"] for tag in defaults.properties("AWS::SecretsManager::Secret")["Tags"]}
    validate(tags, "tags")
    assert tags == {
        "rotating-rds:database": defaults.properties("AWS::RDS::DBInstance")["DBInstanceIdentifier"],
        "rotating-rds:engine": "postgres",
        "rotating-rds:strategy": "single_user",
        "rotating-rds:username": "dbadmin",
    }


@pytest.mark.parametrize("function", ["Orders/RotationFunction", "Orders/ProbeFunction"])
def test_the_environment_of_a_function_follows_the_contract(defaults: Template, function: str) -> None:
    """The endpoint comes from the deployment; CloudFormation renders it into JSON."""
    variables = defaults.properties("AWS::Lambda::Function", function)["Environment"]["Variables"]
    validate(variables, "environment")
    databases = json.loads(variables[contract.DATABASES_VARIABLE].replace("${Orders.Endpoint.Port}", "5432"))
    validate(databases, "databases")
    identifier = defaults.properties("AWS::RDS::DBInstance")["DBInstanceIdentifier"]
    assert databases == {identifier: {"host": "${Orders.Endpoint.Address}", "port": "5432"}}


@pytest.mark.parametrize(
    "engine",
    [POSTGRES, Engine.mysql(rds.MysqlEngineVersion.VER_8_4_8), Engine.mariadb(rds.MariaDbEngineVersion.VER_10_11)],
)
def test_the_request_for_a_user_follows_the_contract(engine: Engine) -> None:
    """Whatever is declared about it; the identifiers of databases are tokens until the deployment."""
    declaration = new_declaration()
    database = declaration.database(engine=engine, database_name="orders")
    database.add_user("plain", access=Access.read_only())
    database.add_user(
        "rich",
        access=Access.ddl("shop").and_(Access.statements(["GRANT PROCESS ON *.* TO {grantee}"])),
        removal_policy=RemovalPolicy.DESTROY,
    )
    template = declaration.template()
    requests = [template.properties("Custom::DatabaseUser", path) for path in template.of_type("Custom::DatabaseUser")]
    assert {request["Username"] for request in requests} == {"plain", "rich"}
    for request in requests:
        validate({**request, "Database": "orders"}, "provisionRequest")

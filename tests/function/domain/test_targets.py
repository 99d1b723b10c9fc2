"""What the deployment says about a secret."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotating_rds_function.domain.endpoints import Endpoint, parse_endpoints
from rotating_rds_function.domain.errors import ConfigurationError, RefusedError
from rotating_rds_function.domain.tags import decode_tag
from rotating_rds_function.domain.targets import Administrator, Pair, Target
from tests.support.rotations import (
    ADMINISTRATOR,
    ADMINISTRATOR_ARN,
    ALTERNATE,
    DEPLOYMENT,
    ENDPOINT,
    POSTGRES,
    TAGS,
    TAGS_OF,
    USERNAME,
)

_PLAIN = set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 +-._:/@")


def _encoded(text: str) -> str:
    return "".join(chr(byte) if byte in _PLAIN else f"={byte:02X}" for byte in text.encode())


def test_tags_and_environment_make_a_target() -> None:
    """The tags name the database, the environment knows where it is."""
    assert DEPLOYMENT.target(TAGS) == Target(
        database="orders",
        engine="postgres",
        strategy="single_user",
        username="dbadmin",
        endpoint=ENDPOINT,
        engine_spellings=POSTGRES.spellings,
        access_role="dbadmin_access",
    )


def test_the_tags_of_a_pair_make_a_target_with_everything_that_they_say() -> None:
    """Defaults are the ones that the contract names."""
    target = DEPLOYMENT.target(TAGS_OF["alternating_users"])
    assert target.logins == (USERNAME, ALTERNATE)
    assert target.administrator == Administrator(ADMINISTRATOR_ARN, ADMINISTRATOR)
    assert target.access_role == f"{USERNAME}_access"
    assert (target.pair_is_provisioned, target.retain_for, target.test_query) == (False, 86_400, None)
    told = {
        **TAGS_OF["alternating_users"],
        "rotating-rds:pair": "provisioned",
        "rotating-rds:access-role": "O=27Hara",
        "rotating-rds:retain-for": "0",
        "rotating-rds:test-query": "SELECT 1 =3D 1",
    }
    target = DEPLOYMENT.target(told)
    assert (target.pair_is_provisioned, target.access_role) == (True, "O'Hara")
    assert (target.retain_for, target.test_query) == (0, "SELECT 1 = 1")


@pytest.mark.parametrize(("model", "twin"), [(USERNAME, ALTERNATE), (ALTERNATE, USERNAME)])
def test_a_pair_turns_with_its_current_login(model: str, twin: str) -> None:
    """Each is the other's twin."""
    pair = DEPLOYMENT.target(TAGS_OF["alternating_users"]).pair(model)
    assert pair == Pair(model=model, twin=twin, access_role=f"{USERNAME}_access")


@pytest.mark.parametrize(
    ("strategy", "tag"),
    [
        ("admin_reset", "rotating-rds:administrator"),
        ("admin_reset", "rotating-rds:administrator-username"),
        ("alternating_users", "rotating-rds:administrator"),
        ("alternating_users", "rotating-rds:administrator-username"),
        ("alternating_users", "rotating-rds:alternate-username"),
    ],
)
def test_a_strategy_needs_its_tags(strategy: str, tag: str) -> None:
    """A default could be another user."""
    tags = {name: text for name, text in TAGS_OF[strategy].items() if name != tag}
    with pytest.raises(ConfigurationError, match=f"no tag {tag}: deploy"):
        DEPLOYMENT.target(tags)


def test_a_single_user_has_neither_administrator_nor_twin_whatever_its_tags_say() -> None:
    """They may be left over from another strategy."""
    target = DEPLOYMENT.target({**TAGS_OF["alternating_users"], "rotating-rds:strategy": "single_user"})
    assert (target.logins, target.administrator) == ((USERNAME,), None)


@pytest.mark.parametrize("tag", ["rotating-rds:username", "rotating-rds:alternate-username"])
@pytest.mark.parametrize("reserved", ["rdsadmin", "RdsAdmin", "pg_monitor"])
def test_users_of_the_service_and_of_the_engine_are_refused(tag: str, reserved: str) -> None:
    """Their passwords are not ours to change."""
    with pytest.raises(RefusedError, match=f"'{reserved}' belongs to Amazon RDS or to postgres itself"):
        DEPLOYMENT.target({**TAGS_OF["alternating_users"], tag: reserved})


@pytest.mark.parametrize("tag", ["rotating-rds:username", "rotating-rds:alternate-username"])
def test_the_administrator_is_refused_as_a_target(tag: str) -> None:
    """In the middle of the rotation nobody could log in to go on."""
    with pytest.raises(RefusedError, match=f"'{ADMINISTRATOR}' is the administrator who changes passwords"):
        DEPLOYMENT.target({**TAGS_OF["alternating_users"], tag: ADMINISTRATOR})


@pytest.mark.parametrize("tag", ["rotating-rds:alternate-username", "rotating-rds:access-role"])
def test_two_roles_of_a_user_with_one_name_are_refused(tag: str) -> None:
    """One login cannot take turns with itself, nor act as itself."""
    with pytest.raises(ConfigurationError, match="need different names"):
        DEPLOYMENT.target({**TAGS_OF["alternating_users"], tag: USERNAME})


@pytest.mark.parametrize(
    ("tag", "wrong"),
    [
        ("rotating-rds:pair", "forged"),
        ("rotating-rds:retain-for", "-1"),
        ("rotating-rds:retain-for", "1.5"),
        ("rotating-rds:retain-for", "²"),
        ("rotating-rds:access-role", ""),
        ("rotating-rds:test-query", "SELECT 'a'"),
        ("rotating-rds:alternate-username", "o'hara"),
    ],
)
def test_a_tag_with_another_value_than_the_contract_allows_is_refused_by_its_name(tag: str, wrong: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ConfigurationError, match=tag):
        DEPLOYMENT.target({**TAGS_OF["alternating_users"], tag: wrong})


@pytest.mark.parametrize("tag", sorted(TAGS))
def test_a_secret_without_a_tag_is_refused_by_its_name(tag: str) -> None:
    """A secret that was not deployed with this function is none of its business."""
    with pytest.raises(ConfigurationError, match=f"no tag {tag}: deploy"):
        DEPLOYMENT.target({name: text for name, text in TAGS.items() if name != tag})


@pytest.mark.parametrize("tag", ["rotating-rds:database", "rotating-rds:engine", "rotating-rds:strategy"])
def test_a_tag_with_an_unknown_name_is_refused_with_the_known_ones(tag: str) -> None:
    """An older function meets a newer deployment, for example."""
    with pytest.raises(ConfigurationError, match=rf"{tag} names the \w+ 'oracle', .*\(it knows .*{TAGS[tag]}\)"):
        DEPLOYMENT.target({**TAGS, tag: "oracle"})


@given(st.text(min_size=1))
def test_any_user_name_survives_the_encoding_of_tags(username: str) -> None:
    """Quotes, percent signs, backslashes, letters of any script."""
    assert decode_tag(_encoded(username)) == username


def test_the_examples_of_the_contract_are_decoded() -> None:
    """They are what the construct library holds its encoder against."""
    schema = json.loads(Path("lambda/contract.schema.json").read_text("utf-8"))
    decoded = [decode_tag(example) for example in schema["$defs"]["tagEncoded"]["examples"]]
    assert decoded == ["dbadmin", "O'Hara", "été", "100%", "a=b", "back\\slash", "Mixed-Case.User"]


@pytest.mark.parametrize("wrong", ["O'Hara", "a=3d", "a=", "=F", "é", "=FF", "a\n"])
def test_a_tag_that_is_not_encoded_is_refused(wrong: str) -> None:
    """A guess could address another user."""
    with pytest.raises(ConfigurationError, match="rotating-rds:username"):
        DEPLOYMENT.target({**TAGS, "rotating-rds:username": wrong})


def test_endpoints_are_read_as_the_deployment_writes_them() -> None:
    """CloudFormation renders the port as text, and a server name is the host unless it is said."""
    databases = {
        "orders": {"host": "a.example", "port": "5432"},
        "billing": {"host": "b.example", "port": 5433, "server_name": "real.example", "database": "b"},
    }
    assert parse_endpoints(json.dumps(databases)) == {
        "orders": Endpoint("a.example", 5432, "a.example", None),
        "billing": Endpoint("b.example", 5433, "real.example", "b"),
    }


@pytest.mark.parametrize("text", [None, "", "{", "[]", "{}", "7", '"x"'])
def test_an_environment_without_databases_is_refused(text: str | None) -> None:
    """The sentence names the variable."""
    with pytest.raises(ConfigurationError, match="ROTATING_RDS_DATABASES"):
        parse_endpoints(text)


@pytest.mark.parametrize(
    "entry",
    [
        7,
        {},
        {"host": "a"},
        {"port": 1},
        {"host": "", "port": 1},
        {"host": 7, "port": 1},
        {"host": "a", "port": 0},
        {"host": "a", "port": 65536},
        {"host": "a", "port": True},
        {"host": "a", "port": None},
        {"host": "a", "port": "x"},
        {"host": "a", "port": "²"},
        {"host": "a", "port": 1, "server_name": ""},
        {"host": "a", "port": 1, "database": 7},
        {"host": "a", "port": 1, "password": "?"},
    ],
)
def test_an_endpoint_that_breaks_the_contract_is_refused_by_the_name_of_its_database(entry: Any) -> None:
    """The other databases of the function are fine, and the reader must know which one is not."""
    databases = {"fine": {"host": "a", "port": 1}, "orders": entry}
    with pytest.raises(ConfigurationError, match="database 'orders'"):
        parse_endpoints(json.dumps(databases))

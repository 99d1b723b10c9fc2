"""What the deployment says about a secret."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotating_rds_function.domain.endpoints import Endpoint, parse_endpoints
from rotating_rds_function.domain.errors import ConfigurationError
from rotating_rds_function.domain.tags import decode_tag
from rotating_rds_function.domain.targets import Target
from tests.support.rotations import DEPLOYMENT, ENDPOINT, POSTGRES, TAGS

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

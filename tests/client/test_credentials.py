from __future__ import annotations

import dataclasses
import json
import traceback
from typing import Any

import pytest

from rotating_rds_client import Credentials, MalformedSecretError
from rotating_rds_client.credentials import parse_credentials

PASSWORD = "p\"w'\\d %é"
WHOLE = {
    "username": 'O"Hara',
    "password": PASSWORD,
    "host": "db.example",
    "port": 5432,
    "dbname": "orders",
    "engine": "postgres",
    "masterarn": "arn:of:the-administrator",
    "api_key": "also-secret",
}


def parse(text: str | None) -> Credentials:
    """Parse a text as version v1 of a secret."""
    return parse_credentials(text, secret_id="orders", version_id="v1")


def parse_with(**changes: Any) -> Credentials:
    """Parse a complete secret in which some keys differ."""
    return parse(json.dumps(WHOLE | changes))


def test_every_key_that_a_connection_needs_is_typed() -> None:
    """Names, numbers and the version come out as fields."""
    credentials = parse_with()
    assert (credentials.username, credentials.password) == ('O"Hara', PASSWORD)
    assert (credentials.host, credentials.port, credentials.dbname) == ("db.example", 5432, "orders")
    assert (credentials.engine, credentials.version_id) == ("postgres", "v1")


def test_keys_that_nobody_knows_are_kept() -> None:
    """Applications store things of their own beside the credentials."""
    assert dict(parse_with().extra) == {"masterarn": "arn:of:the-administrator", "api_key": "also-secret"}


def test_a_secret_with_user_name_and_password_alone_is_enough() -> None:
    """RDS manages master secrets that hold nothing else."""
    credentials = parse(json.dumps({"username": "u", "password": "p"}))
    assert (credentials.host, credentials.port, credentials.dbname, credentials.engine) == (None, None, None, None)


def test_a_port_written_as_text_is_a_number() -> None:
    """CloudFormation renders numbers as text."""
    assert parse_with(port="5433").port == 5433


def test_neither_repr_nor_str_shows_a_secret_value() -> None:
    """Credentials end up in logs and tracebacks."""
    shown = f"{parse_with()!r} {parse_with()}"
    assert PASSWORD not in shown
    assert repr(PASSWORD)[1:-1] not in shown
    assert "also-secret" not in shown
    assert "v1" in shown


def test_credentials_cannot_be_changed() -> None:
    """User name and password of different versions never mix."""
    credentials = parse_with()
    with pytest.raises(dataclasses.FrozenInstanceError):
        credentials.password = "another"  # type: ignore[misc]
    with pytest.raises(TypeError):
        credentials.extra["api_key"] = "another"  # type: ignore[index]


@pytest.mark.parametrize(
    "text", [None, "", "not json hunter2", '"hunter2"', '["hunter2"]', "null", '{"password": "hunter2']
)
def test_a_value_that_is_no_json_object_is_refused(text: str | None) -> None:
    """A binary, empty, cut-off or foreign value is named as what it is."""
    with pytest.raises(MalformedSecretError, match=r"version 'v1' of the secret 'orders' is no JSON object"):
        parse(text)


@pytest.mark.parametrize("key", ["username", "password"])
def test_a_missing_key_is_named(key: str) -> None:
    """The sentence says which key to add."""
    value = {name: text for name, text in WHOLE.items() if name != key}
    with pytest.raises(MalformedSecretError, match=rf"The key '{key}' .* is missing"):
        parse(json.dumps(value))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("username", 7),
        ("username", ""),
        ("password", ["hunter2"]),
        ("password", ""),
        ("host", {"hunter2": 1}),
        ("port", "hunter2"),
        ("port", True),
        ("port", 0),
        ("port", 65536),
        ("port", 5432.0),
        ("port", "-1"),
        ("port", "9" * 5000),
        ("dbname", 1),
        ("engine", []),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_by_key_and_type(key: str, value: object) -> None:
    """Whoever repairs the secret learns what is wrong without anybody seeing it."""
    with pytest.raises(MalformedSecretError, match=rf"The key '{key}' .* type {type(value).__name__}: store") as caught:
        parse_with(**{key: value})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("text", ['{"password": "hunter2', json.dumps({"username": "u", "password": ["hunter2"]})])
def test_nothing_that_hangs_on_the_error_carries_the_value(text: str) -> None:
    """JSON's own error would: it keeps the whole document."""
    with pytest.raises(MalformedSecretError) as caught:
        parse(text)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))

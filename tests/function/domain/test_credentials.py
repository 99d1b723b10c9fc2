"""Reading, checking and writing the value of a secret."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotating_rds_function.domain.credentials import SecretValue
from rotating_rds_function.domain.errors import MalformedSecretError, RefusedError
from tests.support.rotations import DEPLOYMENT, ENDPOINT, TAGS, USERNAME, value

_TARGET = DEPLOYMENT.target(TAGS)
_PASSWORD = "no-one-may-see-me"

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def _parsed(text: str) -> SecretValue:
    return SecretValue.parse(text, label="AWSCURRENT")


@given(others=st.dictionaries(st.text().filter(lambda key: key not in ("username", "password")), _json))
def test_another_password_leaves_every_other_key_as_it_is(others: dict[str, Any]) -> None:
    """Applications keep keys of their own in the value, in an order that people like."""
    document = {**others, "username": "u", "password": "old"}
    written = json.loads(_parsed(json.dumps(document)).with_password("new").text())
    assert list(written.items()) == list({**document, "password": "new"}.items())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "no-one-may-see-me",
        '["no-one-may-see-me"]',
        '"no-one-may-see-me"',
        "null",
        '{"username": "u", "password": "no-one-may-see-me", "x": NaN}',
        '{"username": "u", "password": "no-one-may-see-me", "x": 1e999}',
        '{"username": "u", "username": "v", "password": "no-one-may-see-me"}',
        '{"username": "u", "password": "no-one-may-see-me", "x": {"y": 1, "y": 2}}',
        '{"username": "u", "password": "no-one-may-see-me", "x": ' + "[" * 100_000,
    ],
    ids=["empty", "cut", "bare", "list", "text", "null", "NaN", "infinite", "key twice", "inner key twice", "deep"],
)
def test_a_value_that_is_no_unambiguous_json_object_is_refused_without_quoting_it(text: str) -> None:
    """Neither the sentence nor what hangs on to the exception holds the value."""
    with pytest.raises(MalformedSecretError, match="no JSON object with unique keys") as caught:
        _parsed(text)
    assert "no-one" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("key", ["username", "password"])
def test_a_value_without_a_needed_key_is_refused_by_its_name(key: str) -> None:
    """Both are needed, nothing else is."""
    document = {"username": "u", "password": _PASSWORD}
    del document[key]
    with pytest.raises(MalformedSecretError, match=f"AWSCURRENT value of the secret has no key {key}"):
        _parsed(json.dumps(document))


@pytest.mark.parametrize("wrong", [None, 7, True, "", ["x"], {}])
@pytest.mark.parametrize("key", ["username", "password"])
def test_a_value_whose_needed_key_is_no_text_is_refused(key: str, wrong: object) -> None:
    """A number would be formatted differently by every reader."""
    with pytest.raises(MalformedSecretError, match=f"as its {key}, where a text was expected"):
        _parsed(json.dumps({"username": "u", "password": _PASSWORD, key: wrong}))


def test_the_repr_of_a_value_hides_all_of_it() -> None:
    """A value in a traceback or a debugger's log is no leak; a password can stand in any field by mistake."""
    parsed = SecretValue.parse(json.dumps({"username": _PASSWORD, "password": "u", "key": _PASSWORD}), label="x")
    for text in (repr(parsed), str(parsed), f"{[parsed]}"):
        assert _PASSWORD not in text


@pytest.mark.parametrize(
    "others",
    [{}, {"port": "5432"}, {"host": "ORDERS.example"}, {"engine": "aurora-postgresql"}, {"dbname": "anything"}],
    ids=["as attached", "port as text", "host in capitals", "Aurora", "other keys"],
)
def test_a_value_that_says_the_same_as_the_deployment_passes(others: dict[str, Any]) -> None:
    """Different spellings of the same are no forgery."""
    parsed = _parsed(value(_PASSWORD, **others))
    assert parsed.check(_TARGET, label="AWSCURRENT", usernames=_TARGET.logins) is parsed


def test_a_value_with_user_and_password_alone_passes() -> None:
    """Such is a secret that RDS manages."""
    _parsed(json.dumps({"username": USERNAME, "password": _PASSWORD})).check(
        _TARGET, label="AWSCURRENT", usernames=_TARGET.logins
    )


@pytest.mark.parametrize(
    ("key", "forged"),
    [
        ("username", "rdsadmin"),
        ("username", "DBADMIN"),
        ("host", "evil.example"),
        ("host", "orders.example.evil.example"),
        ("host", "orders.example\x00"),
        ("host", None),
        ("host", ["orders.example"]),
        ("port", 5433),
        ("port", True),
        ("port", None),
        ("port", "05432"),
        ("engine", "mysql"),
        ("engine", None),
    ],
)
def test_a_value_that_contradicts_the_deployment_is_refused_with_the_deployment_s_word(
    key: str, forged: object
) -> None:
    """Who may write the value decides nothing but the password."""
    with pytest.raises(RefusedError, match=f"names another {key} than the deployment") as caught:
        _parsed(value(_PASSWORD, **{key: forged})).check(_TARGET, label="AWSPENDING", usernames=_TARGET.logins)
    assert "AWSPENDING" in str(caught.value)
    assert repr({"username": USERNAME, "host": ENDPOINT.host, "port": "5432", "engine": "postgres"}[key]) in str(
        caught.value
    )
    assert _PASSWORD not in str(caught.value)


def test_a_refusal_does_not_quote_the_value() -> None:
    """Somebody may have put the password where the user name belongs."""
    swapped = _parsed(json.dumps({"username": _PASSWORD, "password": USERNAME}))
    with pytest.raises(RefusedError, match="username") as caught:
        swapped.check(_TARGET, label="AWSCURRENT", usernames=_TARGET.logins)
    assert _PASSWORD not in str(caught.value)

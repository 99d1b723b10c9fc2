"""The leak search itself: it must find what it is for."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from tests.support.leaks import find_leaks, forms_of

PASSWORD = "o'hara's \"secret\" \\ 100% é"


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("raw", PASSWORD),
        ("repr", repr({"password": PASSWORD})),
        ("bytes repr", repr(PASSWORD.encode())),
        ("JSON", json.dumps({"password": PASSWORD})),
        ("JSON, not ASCII only", json.dumps({"password": PASSWORD}, ensure_ascii=False)),
        ("JSON in JSON", json.dumps({"value": json.dumps({"password": PASSWORD})})),
        ("URL", f"postgres://user:{quote(PASSWORD, safe='')}@host/"),
        ("SQL", "ALTER ROLE x PASSWORD '" + PASSWORD.replace("'", "''") + "'"),
        ("base64", base64.b64encode(PASSWORD.encode()).decode()),
        ("hexadecimal", PASSWORD.encode().hex()),
    ],
)
def test_a_secret_is_found_in_each_form(form: str, text: str) -> None:
    """The forms in which logs and templates write texts."""
    assert form in {leak.form for leak in find_leaks([PASSWORD], ["harmless", f"before {text} after"])}


@pytest.mark.parametrize("shift", range(7))
def test_a_secret_is_found_inside_a_longer_base64_text(shift: int) -> None:
    """A whole log file may be encoded, as CloudWatch's subscriptions do."""
    text = base64.b64encode(b"x" * shift + PASSWORD.encode() + b"tail of another length").decode()
    assert {leak.form for leak in find_leaks([PASSWORD], [text])} >= {"base64"}


def test_the_password_of_a_secret_string_is_searched_for_as_well() -> None:
    """The value as a whole rarely appears."""
    assert find_leaks([json.dumps({"username": "u", "password": PASSWORD})], [f"<{PASSWORD}>"])


def test_nothing_is_found_where_nothing_is() -> None:
    """A near miss is no leak."""
    assert find_leaks([PASSWORD], ["", PASSWORD[:-1], "o'hara"]) == []


def test_a_leak_tells_where_it_is_and_not_what() -> None:
    """It is printed by the test that fails."""
    leaks = find_leaks([PASSWORD], ["harmless", f"..{PASSWORD}"])
    assert {(leak.text, leak.position) for leak in leaks if leak.form == "raw"} == {(1, 2)}
    assert find_leaks([PASSWORD], [repr(leaks)]) == []


def test_a_secret_that_would_be_found_by_chance_is_refused() -> None:
    """The search would then prove nothing."""
    with pytest.raises(ValueError, match="use 8 or more"):
        find_leaks(["short"], ["text"])


def test_no_form_of_a_long_secret_is_short() -> None:
    """Else it would be found by chance."""
    assert min(len(text) for _, text in forms_of("x" * 8)) >= 8

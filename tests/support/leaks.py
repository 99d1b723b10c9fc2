"""A search for secrets in whatever text a run left behind, however they are written there."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_SHORTEST = 8


@dataclass(frozen=True)
class Leak:
    """A secret was found; its repr tells where and in what form, but not the secret.

    :param form: how it was written.
    :param text: index of the text in which it was found.
    :param position: index of its first character there.
    """

    form: str
    text: int
    position: int


def find_leaks(values: Iterable[str], texts: Iterable[str]) -> list[Leak]:
    """Search texts for secrets.

    :param values: passwords, or SecretStrings, of which the passwords are searched for as well.
    :param texts: logs, exceptions, templates...
    :returns: every form of every secret in every text where it was found, at its first place.
    :raises ValueError: if a secret is so short that it would be found by chance.
    """
    forms = {(name, form) for value in values for secret in _secrets_in(value) for name, form in forms_of(secret)}
    return [
        Leak(name, index, text.index(form))
        for index, text in enumerate(texts)
        for name, form in sorted(forms)
        if form in text
    ]


def forms_of(secret: str) -> set[tuple[str, str]]:
    """Return names and texts of the ways in which a secret may be written."""
    raw = secret.encode("utf-8", "surrogatepass")
    forms: Mapping[str, str] = {
        "raw": secret,
        "repr": repr(secret)[1:-1],
        "bytes repr": repr(raw)[2:-1],
        "JSON": json.dumps(secret)[1:-1],
        "JSON, not ASCII only": json.dumps(secret, ensure_ascii=False)[1:-1],
        "JSON in JSON": json.dumps(json.dumps(secret)[1:-1])[1:-1],
        "URL": quote(raw, safe=""),
        "URL path": quote(raw),
        "URL form": quote_plus(raw),
        "SQL": secret.replace("'", "''"),
        "SQL with backslashes": secret.replace("\\", "\\\\").replace("'", "\\'"),
        "hexadecimal": raw.hex(),
        "reversed": secret[::-1],
    }
    return {*forms.items(), *_base64_forms(raw)}


def _base64_forms(raw: bytes) -> Iterator[tuple[str, str]]:
    # Inside a longer text a secret begins at one of three places of base64's groups of three bytes; what the
    # neighbours have a part in is cut off.
    for name, encode in {"base64": base64.b64encode, "URL-safe base64": base64.urlsafe_b64encode}.items():
        for shift in range(3):
            encoded = encode(b"\0" * shift + raw).decode("ascii").rstrip("=")
            whole_groups = (shift + len(raw)) // 3 * 4
            yield name, encoded[4 if shift else 0 : whole_groups]


def _secrets_in(value: str) -> Iterator[str]:
    for secret in (value, *_passwords_in(value)):
        if len(secret) < _SHORTEST:
            raise ValueError(
                f"A secret of {len(secret)} characters would be found by chance: use {_SHORTEST} or more in tests."
            )
        yield secret


def _passwords_in(value: str) -> Iterator[str]:
    try:
        document = json.loads(value)
    except ValueError:
        return
    if isinstance(document, dict) and "password" in document:
        yield document["password"]

"""The value of a database secret: a JSON object of which the rotation changes the password and nothing else."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, Self

from rotating_rds_function.domain.errors import MalformedSecretError, RefusedError
from rotating_rds_function.domain.wording import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from rotating_rds_function.domain.targets import Target

_REMEDY = "put a value with PutSecretValue that holds at least a username and a password."


@dataclass(frozen=True, repr=False)
class SecretValue:
    """A parsed value; its repr tells nothing of it.

    :param username: the user who logs in.
    :param password: the password.
    :param document: the whole object, in its order, unknown keys included.
    """

    username: str
    password: str
    document: Mapping[str, Any]

    @classmethod
    def parse(cls, text: str, *, label: str) -> Self:
        """Read a SecretString.

        :param label: staging label under which it was read, for error sentences.
        :raises MalformedSecretError: if it is not a JSON object with the texts `username` and `password`. The sentence
            never quotes the value.
        """
        document = _object(text, label)
        return cls(_text(document, "username", label), _text(document, "password", label), document)

    def __repr__(self) -> str:
        return "SecretValue(***)"

    def with_password(self, password: str) -> Self:
        """Return the same value with another password."""
        return self.with_login(self.username, password)

    def with_login(self, username: str, password: str) -> Self:
        """Return the same value with another user and password."""
        return type(self)(username, password, {**self.document, "username": username, "password": password})

    def text(self) -> str:
        """Write the SecretString."""
        return json.dumps(self.document)

    def check(self, target: Target, *, label: str, usernames: Collection[str]) -> Self:
        """Hold the value against the deployment, and return it.

        Host, port and engine may be absent, as in a secret that RDS manages.

        :param usernames: those that the deployment allows.
        :raises RefusedError: if it names another user, host, port or engine than the deployment.
        """
        if self.username not in usernames:
            raise _contradiction(label, "username", " or ".join(map(shown, usernames)))
        for key, agrees in _AGREES.items():
            if key in self.document and not agrees(self.document[key], target):
                raise _contradiction(label, key, shown(_DEPLOYED[key](target)))
        return self


def _contradiction(label: str, key: str, deployed: str) -> RefusedError:
    # The value is never quoted: whoever swaps two fields by mistake has the password where the name should be.
    return RefusedError(
        f"The {label} value of the secret names another {key} than the deployment ({deployed}): nothing was done with "
        "it; find out who wrote that value, then put one that agrees, or deploy the change of the database."
    )


_DEPLOYED: Mapping[str, Callable[[Target], str]] = {
    "host": lambda target: target.endpoint.host,
    "port": lambda target: str(target.endpoint.port),
    "engine": lambda target: target.engine,
}

_AGREES: Mapping[str, Callable[[object, Target], bool]] = {
    # Host names are case-insensitive (RFC 4343).
    "host": lambda value, target: isinstance(value, str) and value.lower() == target.endpoint.host.lower(),
    # The secret's attachment writes a number, CloudFormation a text.
    "port": lambda value, target: not isinstance(value, bool) and str(value) == str(target.endpoint.port),
    "engine": lambda value, target: target.spells(value),
}


def _object(text: str, label: str) -> Mapping[str, Any]:
    try:
        document = json.loads(
            text, object_pairs_hook=_without_repetition, parse_constant=_not_json, parse_float=_finite
        )
    except (ValueError, RecursionError):
        # The decoder's error holds the whole document, and must not travel on as the context of ours.
        document = None
    if not isinstance(document, dict):
        raise MalformedSecretError(f"The {label} value of the secret is no JSON object with unique keys: {_REMEDY}")
    return document


def _text(document: Mapping[str, Any], key: str, label: str) -> str:
    if key not in document:
        raise MalformedSecretError(f"The {label} value of the secret has no key {key}: {_REMEDY}")
    value = document[key]
    if not isinstance(value, str) or not value:
        received = type(value).__name__ if value != "" else "an empty text"
        raise MalformedSecretError(
            f"The {label} value of the secret holds {received} as its {key}, where a text was expected: {_REMEDY}"
        )
    return value


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Two readers may take different ones of two equal keys: what was checked would not be what is used.
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError
    return dict(pairs)


def _not_json(_constant: str) -> NoReturn:
    raise ValueError  # NaN and Infinity, which Python would read and write, are no JSON


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError
    return number

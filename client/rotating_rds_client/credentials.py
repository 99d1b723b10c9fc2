"""The value of one version of a secret, as something to connect with."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from rotating_rds_client.errors import MalformedSecretError

if TYPE_CHECKING:
    from collections.abc import Mapping

_HIGHEST_PORT = 65535
_KNOWN_KEYS = frozenset({"username", "password", "host", "port", "dbname", "engine"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """User name, password and endpoint, all from the same version of a secret.

    ``repr`` shows neither the password nor the values of unknown keys.

    :param username: Whom to log in as.
    :param password: The password of that user in this version.
    :param version_id: The version of the secret that all of this comes from.
    :param host: Name of the endpoint; ``None`` where the secret names none, as with a secret that RDS manages.
    :param port: TCP port; ``None`` leaves it to the driver.
    :param dbname: Database to log in to; ``None`` leaves it to the driver.
    :param engine: ``postgres``, ``mysql`` and the like, as Secrets Manager writes it; ``None`` where absent.
    :param extra: Every other key of the secret, as it was read.
    """

    username: str
    password: str = field(repr=False)
    version_id: str
    host: str | None = None
    port: int | None = None
    dbname: str | None = None
    engine: str | None = None
    extra: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{name}={getattr(self, name)!r}" for name in ("username", "version_id", "host", "port", "dbname", "engine")
        )
        return f"Credentials({shown}, password=<hidden>, extra=<{len(self.extra)} hidden>)"


def parse_credentials(text: str | None, *, secret_id: str, version_id: str) -> Credentials:
    """Read the JSON text of a secret.

    :param text: ``SecretString``; ``None`` where the version holds binary data.
    :param secret_id: Only for the error's sentence.
    :param version_id: The version that the text belongs to.
    :raises MalformedSecretError: naming the key, and the type of what was found there, never the value.
    """
    fields = _Fields(_json_object(text), where=f"version {version_id!r} of the secret {secret_id!r}")
    return Credentials(
        username=fields.required_text("username"),
        password=fields.required_text("password"),
        version_id=version_id,
        host=fields.optional_text("host"),
        port=fields.port("port"),
        dbname=fields.optional_text("dbname"),
        engine=fields.optional_text("engine"),
        extra=fields.unknown(),
    )


def _json_object(text: str | None) -> dict[str, Any] | None:
    """Return the object, or nothing: a decoding error would carry the whole secret in its ``doc``."""
    try:
        value = json.loads(text or "")
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


class _Fields:
    """Typed access to the keys of one value, with one way to complain."""

    def __init__(self, value: dict[str, Any] | None, *, where: str) -> None:
        self._where = where
        if value is None:
            raise MalformedSecretError(
                f"The value of {where} is no JSON object: store one with the keys username and password."
            )
        self._value = value

    def required_text(self, key: str) -> str:
        text = self.optional_text(key)
        if text is None:
            raise MalformedSecretError(f"The key {key!r} of {self._where} is missing: store it as text.")
        return text

    def optional_text(self, key: str) -> str | None:
        value = self._value.get(key)
        if value is None or (isinstance(value, str) and value):
            return value
        raise self._wrong_type(key, value, "text that is not empty")

    def port(self, key: str) -> int | None:
        value = self._value.get(key)
        if value is None:
            return None
        digits = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
        if digits.isascii() and digits.isdigit() and 1 <= int(digits[:6]) <= _HIGHEST_PORT:
            return int(digits)
        raise self._wrong_type(key, value, f"a whole number from 1 to {_HIGHEST_PORT}")

    def unknown(self) -> Mapping[str, Any]:
        return MappingProxyType({key: self._value[key] for key in self._value.keys() - _KNOWN_KEYS})

    def _wrong_type(self, key: str, value: object, wanted: str) -> MalformedSecretError:
        return MalformedSecretError(
            f"The key {key!r} of {self._where} holds an unusable value of type {type(value).__name__}: store {wanted}."
        )

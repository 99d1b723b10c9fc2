"""Where the databases are: the environment variable through which the deployment tells the function."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from rotating_rds_function.domain.errors import ConfigurationError
from rotating_rds_function.domain.wording import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE: Final = "ROTATING_RDS_DATABASES"

_KEYS = {"host", "port", "server_name", "database"}
_LAST_PORT = 65535
_REMEDY = "deploy the stack again, which writes it."


class Endpoint(NamedTuple):
    """One database server.

    :param host: name to connect to.
    :param port: TCP port.
    :param server_name: name to verify the certificate against; the host unless it is a CNAME.
    :param database: database to log in to; None is the engine's maintenance database.
    """

    host: str
    port: int
    server_name: str
    database: str | None = None


def parse_endpoints(text: str | None) -> Mapping[str, Endpoint]:
    """Read the variable's text: database id to endpoint.

    :raises ConfigurationError: if it is missing or not what the contract describes.
    """
    if not text:
        raise ConfigurationError(f"The environment variable {VARIABLE} is missing or empty: {_REMEDY}")
    try:
        databases = json.loads(text)
    except json.JSONDecodeError:
        databases = None
    if not isinstance(databases, dict) or not databases:
        raise ConfigurationError(f"The environment variable {VARIABLE} is no JSON object of databases: {_REMEDY}")
    return {name: _endpoint(name, entry) for name, entry in databases.items()}


def _endpoint(name: str, entry: object) -> Endpoint:
    if not isinstance(entry, dict) or not entry.keys() <= _KEYS or not {"host", "port"} <= entry.keys():
        raise _unreadable(name, "is no object with host and port, and at most server_name and database")
    host = _text(name, entry, "host")
    return Endpoint(
        host=host,
        port=_port(name, entry["port"]),
        server_name=_text(name, entry, "server_name") if "server_name" in entry else host,
        database=_text(name, entry, "database") if "database" in entry else None,
    )


def _text(name: str, entry: Mapping[str, object], key: str) -> str:
    value = entry[key]
    if not isinstance(value, str) or not value:
        raise _unreadable(name, f"has a {key} that is not a text with at least one character")
    return value


def _port(name: str, value: object) -> int:
    # CloudFormation renders numbers as text.
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= _LAST_PORT:
        raise _unreadable(name, f"has the port {shown(str(value))} where 1 to {_LAST_PORT} was expected")
    return value


def _unreadable(name: str, what: str) -> ConfigurationError:
    return ConfigurationError(f"In the environment variable {VARIABLE}, database {shown(name)} {what}: {_REMEDY}")

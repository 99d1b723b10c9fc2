"""The two sides: our function and a reference, each with a user and a secret of its own on the same server."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from benchmarks.engines import MASTER, Login, Place
from benchmarks.process import Function
from benchmarks.reference import AUTHORITIES, Reference

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchmarks.secrets_manager import SecretsManager

OURS: Final = "rotating-rds"

_DATABASE_ID: Final = "orders"

# Short: AWS's samples refuse a second login's name of more than 16 characters on MySQL.
_SUFFIXES: Final[Mapping[str, str]] = MappingProxyType(
    {"single_user": "su", "admin_reset": "ar", "alternating_users": "au"}
)


# The samples take whatever is no 8 for MySQL 5, whose statements a newer server does not know.
_AS_MYSQL_8: Final[Mapping[str, str]] = MappingProxyType({'startswith("8")': 'startswith(("8", "9"))'})


@dataclass(frozen=True)
class Contender:
    """A function and the secret that it rotates."""

    function: Function
    secret: str


def bundled(bundle: Path) -> Function:
    """Return our function, not configured yet."""
    handler = {"module": "rotating_rds_function.handlers.rotate", "handler": "handler"}
    return Function(OURS, {"task": str(bundle), "packages": [], **handler}, (bundle,), {})


def ours(bundle: Path, place: Place, manager: SecretsManager, strategy: str) -> Contender:
    """Return our function, configured as the construct library does it."""
    login = Login(f"ours_{_SUFFIXES[strategy]}")
    place.provision(login, pair=strategy == "alternating_users")
    tags = {
        "rotating-rds:database": _DATABASE_ID,
        "rotating-rds:engine": place.engine.name,
        "rotating-rds:strategy": strategy,
        "rotating-rds:username": login.username,
    }
    if strategy != "single_user":
        administrator = manager.create(f"master-of-{place.engine.name}-{strategy}", place.value(Login(MASTER)))
        tags |= {
            "rotating-rds:administrator": administrator,
            "rotating-rds:administrator-username": MASTER,
        }
    if strategy == "alternating_users":
        tags["rotating-rds:alternate-username"] = f"{login.username}_clone"
    environment = {
        "ROTATING_RDS_DATABASES": json.dumps({_DATABASE_ID: place.endpoint}),
        "ROTATING_RDS_CA_BUNDLE": str(place.authority.certificate),
    }
    function = replace(bundled(bundle), environment=environment)
    return Contender(function, manager.create(f"{place.engine.name}-{login.username}", place.value(login), tags))


def theirs(reference: Reference, place: Place, manager: SecretsManager, *, tls: bool | None) -> Contender:
    """Return a sample function, which verifies the server's certificate by the same authority as ours.

    :param tls: what its secret's value says of TLS. None: nothing, as CloudFormation writes it, and the function tries
        once more without TLS whenever a login fails.
    """
    login = Login(f"theirs_{_SUFFIXES[reference.strategy]}")
    place.provision(login)
    value: dict[str, Any] = place.value(login)
    hint = {} if tls is None else {"ssl": tls}
    if reference.strategy == "alternating_users":
        master = manager.create(f"their-master-of-{place.engine.name}", {**place.value(Login(MASTER)), **hint})
        value["masterarn"] = master
    function = Function(
        reference.name,
        {
            "task": str(reference.source.parent),
            "packages": [str(reference.packages)],
            "module": "lambda_function",
            "handler": "lambda_handler",
            "source": str(reference.source),
            "replacing": {AUTHORITIES: str(place.authority.certificate), **_AS_MYSQL_8},
        },
        (reference.source.parent, reference.packages),
        {},
    )
    return Contender(function, manager.create(f"{place.engine.name}-{login.username}", {**value, **hint}))

"""Which stacks an environment consists of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from aws_cdk import Tags

from stacks.audit import AuditStack
from stacks.database import DatabaseStack
from stacks.network import NetworkStack, existing_network
from stacks.tables import ExistingNetwork

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_cdk import App, Stack

    from stacks.network import DatabaseNetwork
    from stacks.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Environment:
    """The stacks of one environment; the network's, too, unless the settings name an existing network."""

    database: DatabaseStack
    audit: AuditStack


def declare(app: App, settings: Settings) -> Environment:
    """Declare the stacks of an environment in *app*."""
    environment = Environment(
        database=DatabaseStack(app, settings=settings, locate_network=_network(app, settings)),
        audit=AuditStack(app, settings=settings),
    )
    # EventBridge hears of rotations through CloudTrail, and only while a trail is logging.
    environment.database.add_stack_dependency(environment.audit)
    Tags.of(app).add("application", "rotating-rds")
    Tags.of(app).add("environment", settings.name)
    return environment


def _network(app: App, settings: Settings) -> Callable[[Stack], DatabaseNetwork]:
    """Return what finds the network; references to an existing one belong into the stack that uses them."""
    place = settings.place
    if isinstance(place, ExistingNetwork):
        return partial(existing_network, network=place)
    own = NetworkStack(app, settings=settings, network=place).network
    return lambda _stack: own

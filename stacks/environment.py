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
    from collections.abc import Callable, Mapping

    from aws_cdk import App, Stack

    from stacks.network import DatabaseNetwork
    from stacks.settings import Settings
    from stacks.tables import Database


@dataclass(frozen=True, kw_only=True)
class Environment:
    """The stacks of one environment; the network's, too, unless the settings name an existing network.

    :param databases: by what their names end with: a stack for each database, or one for all that share functions.
    :param audit: the trail, and the topic of alarms.
    """

    databases: Mapping[str, DatabaseStack]
    audit: AuditStack


def declare(app: App, settings: Settings) -> Environment:
    """Declare the stacks of an environment in *app*."""
    locate_network, audit = _network(app, settings), AuditStack(app, settings=settings)
    environment = Environment(
        databases={
            part: DatabaseStack(
                app,
                part,
                settings=settings,
                databases=databases,
                locate_network=locate_network,
                notify=audit.alarm_topic,
                trail_log_group=audit.trail.log_group,
            )
            for part, databases in _parts(settings).items()
        },
        audit=audit,
    )
    for stack in environment.databases.values():
        # EventBridge hears of rotations through CloudTrail, and only while a trail is logging.
        stack.add_stack_dependency(audit)
    for key, value in {**settings.tags, "application": "rotating-rds", "environment": settings.name}.items():
        Tags.of(app).add(key, value)
    return environment


def _parts(settings: Settings) -> dict[str, dict[int, Database]]:
    """Return the databases of each stack, by their numbers in the file.

    Functions that databases share refer to all of them, and all of them to the functions: they are one stack.
    """
    numbered = dict(enumerate(settings.databases))
    if settings.functions.shared:
        return {"databases": numbered}
    return {database.name: {number: database} for number, database in numbered.items()}


def _network(app: App, settings: Settings) -> Callable[[Stack], DatabaseNetwork]:
    """Return what finds the network; references to an existing one belong into the stack that uses them."""
    place = settings.place
    if isinstance(place, ExistingNetwork):
        return partial(existing_network, network=place)
    own = NetworkStack(app, settings=settings, network=place).network
    return lambda _stack: own

"""Which stacks an environment consists of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from aws_cdk import (
    App,
    CliCredentialsStackSynthesizer,
    DefaultStackSynthesizer,
    Environment,
    IStackSynthesizer,
    Tags,
)

from stacks.audit import AuditStack
from stacks.database import DatabaseStack
from stacks.network import NetworkStack
from stacks.settings import Settings

_SYNTHESIZERS: Mapping[str, Callable[[], IStackSynthesizer]] = MappingProxyType(
    {"bootstrap-roles": DefaultStackSynthesizer, "caller": CliCredentialsStackSynthesizer}
)


@dataclass(frozen=True, kw_only=True)
class EnvironmentStacks:
    """The stacks of one environment.

    :param network: none where the settings name an existing network.
    """

    network: NetworkStack | None
    database: DatabaseStack
    audit: AuditStack


def declare(app: App, settings: Settings) -> EnvironmentStacks:
    """Declare the stacks of an environment in *app*."""
    prefix = f"rotating-rds-{settings.name}"
    env = Environment(account=settings.aws.account, region=settings.aws.region)
    make_synthesizer = _SYNTHESIZERS[settings.aws.deploy_with]
    network = settings.network and NetworkStack(
        app,
        f"{prefix}-network",
        settings=settings,
        network=settings.network,
        env=env,
        synthesizer=make_synthesizer(),
    )
    stacks = EnvironmentStacks(
        network=network,
        database=DatabaseStack(
            app,
            f"{prefix}-database",
            settings=settings,
            network=network and network.network,
            env=env,
            synthesizer=make_synthesizer(),
        ),
        audit=AuditStack(app, f"{prefix}-audit", settings=settings, env=env, synthesizer=make_synthesizer()),
    )
    Tags.of(app).add("application", "rotating-rds")
    Tags.of(app).add("environment", settings.name)
    return stacks

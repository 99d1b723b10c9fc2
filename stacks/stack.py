"""What the stacks of an environment have in common."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from aws_cdk import CliCredentialsStackSynthesizer, DefaultStackSynthesizer, Environment, IStackSynthesizer, Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from constructs import Construct

    from stacks.settings import Settings

_SYNTHESIZERS: Mapping[str, Callable[[], IStackSynthesizer]] = MappingProxyType(
    {"bootstrap-roles": DefaultStackSynthesizer, "caller": CliCredentialsStackSynthesizer}
)


class EnvironmentStack(Stack):
    """A stack named `rotating-rds-<environment>-<part>`.

    :param part: what the stack holds, in a word.
    :param settings: the environment.
    :param termination_protection: whether CloudFormation refuses to delete the stack; no unless given.
    """

    def __init__(
        self, scope: Construct, part: str, *, settings: Settings, termination_protection: bool = False
    ) -> None:
        super().__init__(
            scope,
            f"rotating-rds-{settings.name}-{part}",
            env=Environment(account=settings.aws.account, region=settings.aws.region),
            synthesizer=_SYNTHESIZERS[settings.aws.deploy_with](),
            description=f"rotating-rds {settings.name}: {part}",
            termination_protection=termination_protection,
        )

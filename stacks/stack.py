"""What the stacks of an environment have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CliCredentialsStackSynthesizer, DefaultStackSynthesizer, Environment, IStackSynthesizer, Stack
from aws_cdk import aws_iam as iam

from rotating_rds.detection_rule import deploying_role

if TYPE_CHECKING:
    from constructs import Construct

    from stacks.settings import Settings
    from stacks.tables import Aws


class EnvironmentStack(Stack):
    """A stack named `rotating-rds-<environment>-<part>`, whose roles are bounded as the settings say.

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
            synthesizer=_synthesizer(settings.aws),
            description=f"rotating-rds {settings.name}: {part}",
            termination_protection=termination_protection,
        )
        if settings.aws.permissions_boundary is not None:
            iam.PermissionsBoundary.of(self).apply(_policy(self, settings.aws.permissions_boundary))


def trusted_roles(stack: Stack, settings: Settings) -> list[str]:
    """Return whose reads and changes of secrets are no news: those whom the settings name, and what deploys."""
    qualifier = settings.aws.bootstrap_qualifier
    own = [deploying_role(stack, qualifier)] if qualifier else []
    return [*settings.trusted_roles, *own]


def trusted_services(settings: Settings) -> list[str]:
    """Return whose calls in somebody's name are no news: CloudFormation's, where whoever calls it deploys."""
    return ["cloudformation.amazonaws.com"] if settings.aws.deploy_with == "caller" else []


def _synthesizer(aws: Aws) -> IStackSynthesizer:
    kinds = {"bootstrap-roles": DefaultStackSynthesizer, "caller": CliCredentialsStackSynthesizer}
    synthesizer: IStackSynthesizer = kinds[aws.deploy_with](qualifier=aws.bootstrap_qualifier)
    return synthesizer


def _policy(scope: Construct, name_or_arn: str) -> iam.IManagedPolicy:
    if name_or_arn.startswith("arn:"):
        return iam.ManagedPolicy.from_managed_policy_arn(scope, "PermissionsBoundary", name_or_arn)
    return iam.ManagedPolicy.from_managed_policy_name(scope, "PermissionsBoundary", name_or_arn)

"""Declares a database as an app of somebody else would, and synthesises it in this process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aws_cdk import App, Environment, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_rds as rds

from rotating_rds import Engine, RotatingDatabase
from tests.support.templates import Template

_CONTEXT = {
    # The bundle's content is no matter of most tests: copying it into each assembly would be most of their time.
    "aws:cdk:disable-asset-staging": True,
    # As the CDK command line sets it; tests find resources by their construct's path.
    "aws:cdk:enable-path-metadata": True,
}
POSTGRES = Engine.postgres(rds.PostgresEngineVersion.VER_17)


@dataclass(frozen=True)
class Declaration:
    """A stack with an isolated network and an endpoint, to declare databases in."""

    app: App
    stack: Stack
    vpc: ec2.Vpc
    endpoint: ec2.InterfaceVpcEndpoint

    def database(self, construct_id: str = "Orders", **props: Any) -> RotatingDatabase:
        """Declare a database with what the network asks for, and *props*."""
        defaults = {"engine": POSTGRES, "vpc": self.vpc, "secrets_manager_endpoint": self.endpoint}
        return RotatingDatabase(self.stack, construct_id, **{**defaults, **props})

    def template(self) -> Template:
        """Synthesise the app and return the template of the stack."""
        return template_of(self.app, self.stack)


def new_app() -> App:
    """Return an app with none of the CDK's feature flags, as an old one of somebody else may be."""
    return App(context=_CONTEXT, analytics_reporting=False)


def new_declaration(
    app: App | None = None, name: str = "Shop", account: str | None = None, region: str = "eu-west-1"
) -> Declaration:
    """Return a stack with an isolated network, which knows neither account nor region unless *account* is given."""
    app = app or new_app()
    stack = Stack(app, name, env=Environment(account=account, region=region) if account else None)
    vpc = ec2.Vpc(
        stack,
        "Vpc",
        nat_gateways=0,
        subnet_configuration=[ec2.SubnetConfiguration(name="Data", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)],
    )
    endpoint = vpc.add_interface_endpoint(
        "SecretsManager", service=ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER, open=False
    )
    return Declaration(app=app, stack=stack, vpc=vpc, endpoint=endpoint)


def template_of(app: App, stack: Stack) -> Template:
    """Synthesise *app* and return the template of *stack*."""
    return Template(app.synth().get_stack_by_name(stack.stack_name).template)

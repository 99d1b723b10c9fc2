"""Synthesises one app and says how many resources it has: `python -m benchmarks.synthesised ours|builtin DATABASES`.

Both apps have the same network, servers, users and feature flags, and neither validates: what is compared is what the
declarations themselves cost. The built-in one is what the CDK offers: instances and `add_rotation_*`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Final

from aws_cdk import App, Environment, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_rds as rds

from stacks.environment import declare
from stacks.settings_file import read_settings

_ROOT: Final = Path(__file__).resolve().parent.parent
_USERS: Final = ("orders", "migrations")


class Builtin(Stack):
    """A network and databases with a master and the users of the environment `dev`, rotated by the CDK's means."""

    def __init__(self, app: App, databases: int) -> None:
        super().__init__(app, "builtin", env=Environment(account="111122223333", region="eu-west-1"))
        self._zones = ["eu-west-1a", "eu-west-1b"]
        subnets = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
        vpc = ec2.Vpc(
            self,
            "Vpc",
            nat_gateways=0,
            availability_zones=self._zones,
            subnet_configuration=[ec2.SubnetConfiguration(name="Data", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)],
        )
        vpc.add_interface_endpoint("SecretsManager", service=ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER)
        for number in range(databases):
            instance = rds.DatabaseInstance(
                self,
                f"Orders{number}",
                engine=rds.DatabaseInstanceEngine.postgres(version=rds.PostgresEngineVersion.of("18", "18")),
                vpc=vpc,
                vpc_subnets=subnets,
                credentials=rds.Credentials.from_generated_secret("dbadmin"),
                storage_encrypted=True,
            )
            instance.add_rotation_single_user()
            for user in _USERS:
                secret = rds.DatabaseSecret(self, f"Orders{number}{user}", username=user, master_secret=instance.secret)
                instance.add_rotation_multi_user(user, secret=secret.attach(instance))

    @property
    def availability_zones(self) -> list[str]:
        """The zones, so that nothing is looked up."""
        return self._zones


def _ours(app: App, databases: int) -> None:
    settings = read_settings("dev")
    (first,) = settings.databases
    further = tuple(first.model_copy(update={"name": f"orders-{number}"}) for number in range(1, databases))
    declare(app, settings.model_copy(update={"databases": (first, *further)}))


def main() -> int:
    """Print the number of resources."""
    which, databases = sys.argv[1], int(sys.argv[2])
    context = json.loads((_ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    context["@aws-cdk/core:validateAgainstDefaultRules"] = False
    with tempfile.TemporaryDirectory(prefix="rotating-rds-benchmarks-") as folder:
        app = App(context=context, analytics_reporting=False, outdir=folder)
        {"ours": _ours, "builtin": Builtin}[which](app, databases)
        resources = sum(len(stack.template["Resources"]) for stack in app.synth().stacks)
    sys.stdout.write(str(resources))
    return 0


if __name__ == "__main__":
    sys.exit(main())

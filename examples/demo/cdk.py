"""The real CDK CLI, pointed at a local cloud."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from examples.demo import commands

if TYPE_CHECKING:
    from localcloud.cloud import LocalCloud

CHECKOUT = Path(__file__).resolve().parents[2]
_TOOLS = (CHECKOUT / ".venv" / "bin", CHECKOUT / "node_modules" / ".bin")


@dataclass(frozen=True)
class Deployment:
    """What the stacks tell about themselves by their outputs."""

    secret_arn: str
    consumer_role: str
    rotation_function: str
    provision_function: str
    probe_function: str
    alarm_topic_arn: str
    trail_log_group: str

    @classmethod
    def of(cls, cloud: LocalCloud) -> Self:
        """Read the outputs of the deployed stacks."""
        stacks = cloud.client("cloudformation").describe_stacks()["Stacks"]
        outputs = {entry["OutputKey"]: entry["OutputValue"] for stack in stacks for entry in stack.get("Outputs", [])}
        return cls(
            secret_arn=outputs["SecretArn"],
            consumer_role=outputs["ApplicationRoleName"],
            rotation_function=outputs["RotationFunctionName"],
            provision_function=outputs["ProvisionFunctionName"],
            probe_function=outputs["ProbeFunctionName"],
            alarm_topic_arn=outputs["AlarmTopicArn"],
            trail_log_group=outputs["TrailLogGroupName"],
        )


class CdkCli:
    """Runs ``cdk`` for the environment ``local``.

    :param workspace: Takes the cloud assembly and the output of the commands.
    """

    def __init__(self, cloud: LocalCloud, workspace: Path) -> None:
        self._cloud = cloud
        self._workspace = workspace
        self._assembly = workspace / "cdk.out"

    def bootstrap(self) -> None:
        """Prepare the account; away from cdk.json, because a named environment needs no synthesis of the app."""
        self._run("bootstrap", f"aws://{self._cloud.account}/{self._cloud.region}", cwd=self._workspace)

    def deploy(self) -> None:
        """Synthesise and deploy every stack."""
        self._run(
            *("deploy", "--context", "env=local", "--all", "--require-approval", "never"),
            *("--output", str(self._assembly)),
            cwd=CHECKOUT,
        )

    def destroy(self) -> None:
        """Remove every stack, from the assembly that was deployed."""
        self._run("destroy", "--app", str(self._assembly), "--all", "--force", cwd=self._workspace)

    def stacks(self) -> list[str]:
        """Return the names of the environment's stacks that exist; the bootstrap stack is the account's."""
        stacks = self._cloud.client("cloudformation").describe_stacks()["Stacks"]
        return [stack["StackName"] for stack in stacks if stack["StackName"].startswith("rotating-rds-local-")]

    def _run(self, command: str, *arguments: str, cwd: Path) -> None:
        commands.run(
            ["cdk", command, *arguments],
            cwd=cwd,
            environment=environment(self._cloud.environment()),
            log=self._workspace / f"cdk-{command}.log",
        )


def environment(cloud: dict[str, str]) -> dict[str, str]:
    """Return this process's variables without any that would lead to a real AWS account, and the local cloud's."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    path = os.pathsep.join([*map(str, _TOOLS), own.get("PATH", os.defpath)])
    quiet = {"CDK_DISABLE_CLI_TELEMETRY": "true", "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1"}
    return own | quiet | cloud | {"PATH": path}

"""The examples as they are deployed, and their processes under the roles that the deployment gives them."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import httpx2

from localcloud import platforms
from localcloud.databases.ports import free_port
from localcloud.lifeline import GuardedProcess
from tests.support.deployment import ROOT
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from localcloud.cloud import LocalCloud

APP = ROOT / "examples" / "platform"
STACK = "rotating-rds-examples"
_SECONDS_TO_END = 30.0


@dataclass(frozen=True)
class Process:
    """An example's process, and where it logs."""

    guarded: GuardedProcess
    log: Path

    def said(self) -> str:
        """Return what it logged so far."""
        return self.log.read_text(encoding="utf-8")

    def wait_for(self, words: str) -> Self:
        """Return when it has logged something."""
        assert eventually(lambda: words in self.said() or not self.guarded.running, within=60)
        assert words in self.said()
        return self

    def ended(self) -> int | None:
        """Wait until it has ended by itself, and return its exit code."""
        assert eventually(lambda: not self.guarded.running, within=60), self.said()
        return self.guarded.exit_code


@dataclass(frozen=True)
class Service:
    """The HTTP service's process, and a client of it."""

    process: Process
    client: httpx2.Client

    def order(self) -> None:
        """Place an order, and look for it."""
        number = self.client.post("/orders", json={"item": "tea"}).raise_for_status().json()["id"]
        listed = self.client.get("/orders", params={"limit": 100}).raise_for_status().json()
        assert number in {order["id"] for order in listed}


@dataclass
class Examples:
    """What is deployed, on one local cloud.

    :param folder: for logs; CDK's output goes there as well.
    """

    cloud: LocalCloud
    folder: Path
    _stack: ExitStack = field(default_factory=ExitStack)

    @classmethod
    @contextmanager
    def deployed(cls, cloud: LocalCloud, folder: Path) -> Iterator[Self]:
        """Deploy them by the real CDK command line, and make their tables."""
        examples = cls(cloud, folder)
        with examples._stack:
            examples._cdk("bootstrap", f"aws://{cloud.account}/{cloud.region}", cwd=folder)
            examples._cdk("deploy", "--require-approval", "never", "--output", str(folder / "cdk.out"), cwd=APP)
            migration = examples._task("migration", examples.outputs["MigrationTask"], "fastapi_service.migrations")
            assert migration.ended() == 0, migration.said()
            yield examples

    def start_service(self, name: str) -> Service:
        """Run the service with one connection that stays, and return when it answers."""
        port = free_port()
        task = self.outputs["ServiceTask"]
        process = self._task(name, task, "fastapi_service", PORT=str(port), POOL_SIZE="1")
        process.wait_for("Application startup complete")
        url = f"http://127.0.0.1:{port}"
        client = self._stack.enter_context(httpx2.Client(base_url=url, timeout=30, trust_env=False))
        assert client.get("/health").raise_for_status().json() == {"status": "ok"}
        return Service(process, client)

    def start_worker(self, name: str) -> Process:
        """Run a worker, on an instance of its own."""
        instance = platforms.Ec2Instance(self.cloud, self.instance_profile)
        return self._start(name, instance, "psycopg_worker", DATABASE_SECRET_ID=self.outputs["OrdersSecret"])

    def report(self) -> dict[str, int]:
        """Invoke the function, and return its report."""
        answer = self.cloud.client("lambda").invoke(FunctionName=self.outputs["ReportFunction"])
        document = answer["Payload"].read().decode()
        assert "FunctionError" not in answer, document
        report: dict[str, int] = httpx2.Response(200, content=document).json()
        return report

    @cached_property
    def outputs(self) -> dict[str, str]:
        """What the stack tells of itself."""
        (stack,) = self.cloud.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    @cached_property
    def instance_profile(self) -> str:
        """ARN of the profile with which the worker's instances are launched."""
        (version,) = self.cloud.client("ec2").describe_launch_template_versions(
            LaunchTemplateId=self.outputs["WorkerTemplate"]
        )["LaunchTemplateVersions"]
        return str(version["LaunchTemplateData"]["IamInstanceProfile"]["Arn"])

    @property
    def roles(self) -> dict[str, str]:
        """Name of the role of each example, as the platforms themselves know them."""
        function = self.cloud.client("lambda").get_function_configuration(FunctionName=self.outputs["ReportFunction"])
        profile = self.cloud.client("iam").get_instance_profile(
            InstanceProfileName=self.instance_profile.rpartition("/")[2]
        )
        return {
            "service": self._definition(self.outputs["ServiceTask"])["taskRoleArn"].rpartition("/")[2],
            "worker": profile["InstanceProfile"]["Roles"][0]["RoleName"],
            "report": function["Role"].rpartition("/")[2],
        }

    def _definition(self, task: str) -> dict[str, Any]:
        answer = self.cloud.client("ecs").describe_task_definition(taskDefinition=task)
        definition: dict[str, Any] = answer["taskDefinition"]
        return definition

    def _task(self, name: str, task: str, module: str, **variables: str) -> Process:
        """Run a task's container as a process: its role, its command, its variables."""
        definition = self._definition(task)
        (container,) = definition["containerDefinitions"]
        assert container["command"] == ["python", "-m", module]
        declared = {entry["name"]: entry["value"] for entry in container["environment"]}
        ecs = platforms.EcsTask(self.cloud, definition["taskRoleArn"])
        return self._start(name, ecs, module, **declared, **variables)

    def _start(self, name: str, platform: platforms.Platform, module: str, **variables: str) -> Process:
        environment = self._stack.enter_context(platforms.running_as(self.cloud, platform))
        log = self.folder / f"{name}.log"
        guarded = GuardedProcess.start(
            [sys.executable, "-m", f"examples.{module}"],
            log=log,
            cwd=ROOT,
            environment={**environment, **variables},
            grace=_SECONDS_TO_END,
        )
        self._stack.callback(guarded.stop)
        return Process(guarded, log)

    def _cdk(self, *arguments: str, cwd: Path) -> None:
        path = os.pathsep.join([f"{ROOT}/.venv/bin", f"{ROOT}/node_modules/.bin", os.environ["PATH"]])
        finished = subprocess.run(
            ["cdk", *arguments],
            cwd=cwd,
            env={**os.environ, **self.cloud.environment(), "PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=240,
            check=False,
        )
        assert finished.returncode == 0, finished.stdout[-5000:]

"""The local environment on a local cloud, deployed by the real CDK command line, as a user would."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pg8000.native

from tests.support.waiting import eventually

if TYPE_CHECKING:
    from localcloud.cloud import LocalCloud
    from localcloud.control import RotationRecord

ROOT = Path(__file__).resolve().parents[2]
STACKS = tuple(f"rotating-rds-local-{name}" for name in ("network", "audit", "orders"))

_APP = ("app.py", "cdk.json", "stacks", "environments")
_CDK_SECONDS = 240
_WRONG_PASSWORD = "28P01"


class CdkError(AssertionError):
    """The CDK command line failed; the message holds what it said."""


@dataclass
class Deployment:
    """One environment of the app on one local cloud.

    :param cloud: where it is deployed to.
    :param app: folder of the app, so that a test may edit settings as a user does.
    :param function_output: what functions printed that a test ran in processes of its own.
    """

    cloud: LocalCloud
    app: Path
    function_output: list[str] = field(default_factory=list)

    @classmethod
    def prepare(cls, cloud: LocalCloud, folder: Path) -> Deployment:
        """Copy the app to a folder of its own and bootstrap the local cloud."""
        app = folder / "app"
        app.mkdir()
        for name in _APP:
            source = ROOT / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, app / name)
        deployment = cls(cloud, app)
        # Outside the app's folder, so that bootstrapping does not synthesise the app.
        deployment.cdk("bootstrap", f"aws://{cloud.account}/{cloud.region}", cwd=folder)
        return deployment

    def deploy(self) -> None:
        """Deploy every stack of the local environment."""
        self.cdk("deploy", "--context", "env=local", "--all", "--require-approval", "never")
        self.__dict__.pop("outputs", None)

    def deploy_again(self) -> None:
        """Deploy what was synthesised last."""
        self.cdk("deploy", "--app", "cdk.out", "--all", "--require-approval", "never")
        self.__dict__.pop("outputs", None)

    def destroy(self) -> None:
        """Destroy every stack of what was synthesised last."""
        self.cdk("destroy", "--app", "cdk.out", "--all", "--force")
        self.__dict__.pop("outputs", None)

    def cdk(self, *arguments: str, cwd: Path | None = None) -> str:
        """Run the CDK command line against the local cloud and return what it said.

        :raises CdkError: if it exits with another code than 0.
        """
        path = os.pathsep.join([f"{ROOT}/.venv/bin", f"{ROOT}/node_modules/.bin", os.environ["PATH"]])
        # The app's own copy of `stacks` goes before the installed one.
        environment = {**os.environ, **self.cloud.environment(), "PATH": path, "PYTHONPATH": str(self.app)}
        finished = subprocess.run(
            ["cdk", *arguments],
            cwd=cwd or self.app,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_CDK_SECONDS,
            check=False,
        )
        if finished.returncode:
            raise CdkError(f"cdk {arguments[0]} exited with {finished.returncode}:\n{finished.stdout}")
        return finished.stdout

    @property
    def stacks(self) -> dict[str, str]:
        """Name and status of every stack of ours."""
        described = self.cloud.client("cloudformation").describe_stacks()["Stacks"]
        return {stack["StackName"]: stack["StackStatus"] for stack in described if stack["StackName"] in STACKS}

    @cached_property
    def outputs(self) -> dict[str, str]:
        """The outputs of all stacks, whose names differ."""
        described = self.cloud.client("cloudformation").describe_stacks()["Stacks"]
        return {
            output["OutputKey"]: output["OutputValue"]
            for stack in described
            if stack["StackName"] in STACKS
            for output in stack.get("Outputs", [])
        }

    @property
    def secret(self) -> str:
        """ARN of the master secret."""
        return self.outputs["SecretArn"]

    @property
    def function_role(self) -> str:
        """Name of the rotation function's role."""
        return self.role_of(self.outputs["RotationFunctionName"])

    def role_of(self, function: str) -> str:
        """Return the name of a function's role."""
        configuration = self.cloud.client("lambda").get_function_configuration(FunctionName=function)
        return str(configuration["Role"]).rpartition("/")[2]

    @property
    def function_configuration(self) -> dict[str, Any]:
        """What Lambda knows about the rotation function."""
        function: dict[str, Any] = self.cloud.client("lambda").get_function_configuration(
            FunctionName=self.outputs["RotationFunctionName"]
        )
        return function

    @property
    def labels(self) -> dict[str, str]:
        """Staging label to version id."""
        described = self.cloud.client("secretsmanager").describe_secret(SecretId=self.secret)
        return {label: version for version, labels in described["VersionIdsToStages"].items() for label in labels}

    def value(self, label: str = "AWSCURRENT") -> dict[str, Any] | None:
        """Return the value under a staging label, None if there is none."""
        client = self.cloud.client("secretsmanager")
        try:
            text = client.get_secret_value(SecretId=self.secret, VersionStage=label)["SecretString"]
        except client.exceptions.ResourceNotFoundException:
            return None
        value: dict[str, Any] = json.loads(text)
        return value

    def rotate(self) -> RotationRecord:
        """Rotate on demand and return how it went, once it has ended."""
        token = self.cloud.client("secretsmanager").rotate_secret(SecretId=self.secret)["VersionId"]
        return self.ended(token)

    def ended(self, token: str, *, within: float = 30.0) -> RotationRecord:
        """Return a rotation's record once it has ended."""
        found: list[RotationRecord] = []

        def has_ended() -> bool:
            found[:] = [record for record in self.cloud.rotations() if record.version_id == token]
            return bool(found) and found[0].outcome not in {None, "running"}

        assert eventually(has_ended, within=within), f"The rotation to {token} did not end: {found}"
        return found[0]

    def master_session(self) -> pg8000.native.Connection:
        """Return a session of the master, by the secret's current value."""
        value = self.value()
        assert value is not None
        return self.session(value)

    def logs_in(self, value: dict[str, Any] | None) -> bool:
        """Whether a secret's value opens a session over verified TLS."""
        if value is None:
            return False
        try:
            session = self.session(value)
        except pg8000.native.DatabaseError as error:
            if error.args[0]["C"] != _WRONG_PASSWORD:
                raise
            return False
        session.close()
        return True

    def session(self, value: dict[str, Any]) -> pg8000.native.Connection:
        """Return a session by a secret's value, over verified TLS."""
        return pg8000.native.Connection(
            value["username"],
            password=value["password"],
            host=value["host"],
            port=int(value["port"]),
            database=value["dbname"],
            ssl_context=ssl.create_default_context(cafile=str(self.cloud.ca_bundle)),
        )

"""The app `shop` on a local cloud, deployed by the real CDK command line: a database of each engine, with users."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support import emulated
from tests.support.apps.three_engines import FOREIGN_READER
from tests.support.deployment import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from localcloud.cloud import LocalCloud

# A role of the same account as the foreign reader, whom nobody declared.
NEIGHBOUR = f"{FOREIGN_READER}-neighbour"
_APP = ("--app", f"{ROOT}/.venv/bin/python -m tests.support.apps.three_engines")
_CDK_SECONDS = 240


@dataclass(frozen=True)
class Shop:
    """The app on one local cloud.

    :param folder: where the CDK command line works.
    """

    cloud: LocalCloud
    folder: Path

    @classmethod
    def prepare(cls, cloud: LocalCloud, folder: Path) -> Shop:
        """Bootstrap the local cloud, and make the roles that the app names: the service takes no others."""
        shop = cls(cloud, folder)
        shop._cdk("bootstrap", f"aws://{cloud.account}/{cloud.region}")
        for role in (FOREIGN_READER, NEIGHBOUR):
            emulated.create_role(cloud, account=role.split(":")[4], name=role.rpartition("/")[2])
        return shop

    def deploy(self, *, level: str = "read_only") -> None:
        """Deploy the stack.

        :param level: what the readers may do.
        """
        self._cdk("deploy", *_APP, "--require-approval", "never", "-c", f"level={level}")

    def destroy(self) -> None:
        """Destroy the stack of what was synthesised last."""
        self._cdk("destroy", "--app", "cdk.out", "--all", "--force")

    @property
    def outputs(self) -> dict[str, str]:
        """What the stack tells of itself."""
        (stack,) = self.cloud.client("cloudformation").describe_stacks(StackName="shop")["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def _cdk(self, *arguments: str) -> None:
        path = os.pathsep.join([f"{ROOT}/.venv/bin", f"{ROOT}/node_modules/.bin", os.environ["PATH"]])
        finished = subprocess.run(
            ["cdk", *arguments],
            cwd=self.folder,
            env={**os.environ, **self.cloud.environment(), "PATH": path, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_CDK_SECONDS,
            check=False,
        )
        assert finished.returncode == 0, finished.stdout[-5000:]

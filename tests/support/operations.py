"""The command line for people on call, run on a deployed environment as they run it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.toolchain import ROOT
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from tests.support.deployment import Deployment

MASTER = "rotating-rds-local-orders/dbadmin"
USER = "rotating-rds-local-orders/orders"


@dataclass(frozen=True)
class Operator:
    """Somebody with every right on the account of a deployment."""

    deployment: Deployment

    def __call__(self, *arguments: str, says: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command; `says` is what they type."""
        return subprocess.run(
            [sys.executable, "-m", "rotating_rds_ops", *arguments],
            env={
                **os.environ,
                **self.deployment.cloud.environment(),
                "PYTHONPATH": str(ROOT / "ops"),
                "COLUMNS": "300",
            },
            input=says,
            capture_output=True,
            text=True,
            check=False,
        )

    def wait_for_rest(self) -> None:
        """Return once no rotation is being tried any more."""
        secrets = self.deployment.cloud.client("secretsmanager")

        def at_rest() -> bool:
            arns = (self.deployment.secret, user_secret(self.deployment))
            described = [secrets.describe_secret(SecretId=arn) for arn in arns]
            return not any("AWSPENDING" in str(each["VersionIdsToStages"]) for each in described)

        assert eventually(at_rest, within=30)


def user_secret(deployment: Deployment) -> str:
    """Return the ARN of the user's secret."""
    return deployment.outputs["UserOrdersSecretArn"]

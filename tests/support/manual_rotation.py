"""Rotations that a test performs itself, in place of the service, with the function in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.deployment import ROOT
from tests.support.doomed_function import Call

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.deployment import Deployment


@dataclass
class ManualRotation:
    """A rotation that the test performs itself, in place of the service.

    :param deployment: where secret, database and the function's role are.
    :param token: id of the version to rotate to.
    :param folder: for journals.
    """

    deployment: Deployment
    token: str
    folder: Path
    variant: str = "sound"
    runs: int = 0

    def run(self, at: int | None = None, *, after: bool = False) -> tuple[int, list[Call]]:
        """Run the four steps under the function's own role; return the exit code and the external calls."""
        self.runs += 1
        journal = self.folder / f"{self.token}-{self.runs}.jsonl"
        order = {"secret": self.deployment.secret, "token": self.token, "journal": str(journal)}
        order |= {"variant": self.variant}
        variables = self.deployment.function_configuration["Environment"]["Variables"]
        environment = self.deployment.cloud.role_environment(self.deployment.function_role)
        finished = subprocess.run(
            [sys.executable, "-m", "tests.support.doomed_function"],
            input=json.dumps({**order, "at": at, "after": after}),
            env={"PATH": os.environ["PATH"], **environment, **variables},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.deployment.function_output.append(finished.stdout + finished.stderr)
        calls = [Call(**json.loads(line)) for line in journal.read_text().splitlines()] if journal.exists() else []
        return finished.returncode, calls

    @property
    def some_value_logs_in(self) -> bool:
        """Whether AWSCURRENT or AWSPENDING opens a session: promise 1 for a single user."""
        labels = ("AWSCURRENT", "AWSPENDING")
        return any(self.deployment.logs_in(self.deployment.value(label)) for label in labels)

    @property
    def has_ended_well(self) -> bool:
        """Whether the version is current, logs in, and no AWSPENDING is left."""
        labels = self.deployment.labels
        return (
            labels["AWSCURRENT"] == self.token
            and "AWSPENDING" not in labels
            and self.deployment.logs_in(self.deployment.value())
        )


def start(deployment: Deployment, folder: Path) -> ManualRotation:
    """Have the service stage a version for a new rotation."""
    token = deployment.cloud.client("secretsmanager").rotate_secret(SecretId=deployment.secret)["VersionId"]
    assert deployment.ended(token).outcome == "failed"
    assert deployment.labels["AWSPENDING"] == token
    assert deployment.value("AWSPENDING") is None
    return ManualRotation(deployment, token, folder)

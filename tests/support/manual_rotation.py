"""Rotations that a test performs itself, in place of the service, with the function in a process of its own."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.doomed_function import STEPS
from tests.support.doomed_process import DoomedProcess, doomed_process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.deployment import Deployment
    from tests.support.doomed_function import Call


@dataclass
class ManualRotation:
    """One of them.

    :param deployment: where secret, database and the function's role are.
    :param token: id of the version to rotate to.
    """

    deployment: Deployment
    process: DoomedProcess
    token: str
    variant: str = "sound"

    def run(self, at: int | None = None, *, after: bool = False) -> tuple[int, list[Call]]:
        """Run the four steps under the function's own role; return the exit code and the external calls."""
        order = {"secret": self.deployment.secret, "token": self.token, "variant": self.variant, "steps": STEPS}
        return self.process.run(**order, at=at, after=after)

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


@dataclass
class ManualRotations:
    """Those of one deployment, whose own function is at rest."""

    deployment: Deployment
    process: DoomedProcess

    def start(self, variant: str = "sound") -> ManualRotation:
        """Have the service stage a version for a new rotation.

        :param variant: of the function.
        """
        deployment = self.deployment
        token = deployment.cloud.client("secretsmanager").rotate_secret(SecretId=deployment.secret)["VersionId"]
        assert deployment.ended(token).outcome == "failed"
        assert deployment.labels["AWSPENDING"] == token
        assert deployment.value("AWSPENDING") is None
        return ManualRotation(deployment, self.process, token, variant)

    def resume(self) -> ManualRotation:
        """Return the rotation that is under way, by the sound function."""
        return ManualRotation(self.deployment, self.process, self.deployment.labels["AWSPENDING"])


@contextmanager
def manual_rotations(deployment: Deployment, folder: Path) -> Iterator[ManualRotations]:
    """Run the function's process; what it printed is the deployment's from then on."""
    variables = deployment.function_configuration["Environment"]["Variables"]
    with doomed_process(
        folder, {**deployment.cloud.role_environment(deployment.function_role), **variables}
    ) as process:
        yield ManualRotations(deployment, process)
    deployment.function_output.append(process.output)

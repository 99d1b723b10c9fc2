"""Rotations on demand, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from examples.demo.waiting import wait_for

if TYPE_CHECKING:
    from localcloud.cloud import LocalCloud
    from localcloud.control import RotationRecord, RotationStep

_ENDS = ("succeeded", "failed", "abandoned", "cancelled")


@dataclass(frozen=True)
class Rotation:
    """A rotation with the version that was current before it and the one after.

    :param records: What Secrets Manager did for the new version; more than one if it had given up in between.
    """

    title: str
    before: str
    after: str
    records: tuple[RotationRecord, ...]

    @property
    def record(self) -> RotationRecord:
        """What decided the outcome."""
        return self.records[-1]

    @property
    def attempts(self) -> int:
        """How often Secrets Manager tried."""
        return sum(record.attempts for record in self.records)

    @property
    def succeeded(self) -> bool:
        """Whether the new version is current."""
        return self.record.outcome == "succeeded" and self.after == self.record.version_id != self.before

    @property
    def gap(self) -> tuple[float, float]:
        """When the password in the database was new and the label still on the old version."""
        changed, finished = self._last("setSecret"), self._last("finishSecret")
        return changed.started + changed.seconds, finished.started

    def _last(self, step: str) -> RotationStep:
        return [entry for entry in self.record.steps if entry.name == step][-1]


class RotatingSecret:
    """The secret of the demo's database."""

    def __init__(self, cloud: LocalCloud, secret_arn: str) -> None:
        self._cloud = cloud
        self._client = cloud.client("secretsmanager")
        self.arn = secret_arn

    def current_version(self) -> str:
        """Return the id of the version labelled AWSCURRENT."""
        stages = self._client.describe_secret(SecretId=self.arn)["VersionIdsToStages"]
        return next(str(version_id) for version_id, labels in stages.items() if "AWSCURRENT" in labels)

    def begin_rotation(self) -> str:
        """Rotate on demand, and return the new version's id."""
        return str(self._client.rotate_secret(SecretId=self.arn)["VersionId"])

    def resume_rotation(self) -> None:
        """Have Secrets Manager take up a rotation that it had given up; it says so in an error."""
        try:
            self._client.rotate_secret(SecretId=self.arn)
        except ClientError as error:
            if error.response["Error"]["Code"] != "InvalidRequestException":
                raise

    def records(self, version_id: str) -> tuple[RotationRecord, ...]:
        """Return the records of a version's rotation, the oldest first."""
        return tuple(record for record in self._cloud.rotations() if record.version_id == version_id)

    def wait_for_end(self, version_id: str) -> RotationRecord:
        """Wait until a rotation has ended, one way or another."""
        what = f"The end of the rotation to version {version_id}"
        return wait_for(lambda: self._if_ended(version_id), what=what)

    def rotation(self, title: str, version_id: str, *, before: str) -> Rotation:
        """Describe a rotation that has ended."""
        return Rotation(title, before, self.current_version(), self.records(version_id))

    def rotate(self, title: str) -> Rotation:
        """Rotate on demand and wait for the end."""
        before = self.current_version()
        version_id = self.begin_rotation()
        self.wait_for_end(version_id)
        return self.rotation(title, version_id, before=before)

    def _if_ended(self, version_id: str) -> RotationRecord | None:
        latest = self.records(version_id)[-1:]
        return next((record for record in latest if record.outcome in _ENDS), None)

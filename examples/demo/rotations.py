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
    """A rotation with the version that was current before it and the one after."""

    title: str
    before: str
    after: str
    record: RotationRecord

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
        return next(version_id for version_id, labels in stages.items() if "AWSCURRENT" in labels)

    def begin_rotation(self) -> str:
        """Rotate on demand, and return the new version's id."""
        version_id: str = self._client.rotate_secret(SecretId=self.arn)["VersionId"]
        return version_id

    def resume_rotation(self) -> None:
        """Have Secrets Manager take up a rotation that it had given up; it says so in an error."""
        try:
            self._client.rotate_secret(SecretId=self.arn)
        except ClientError as error:
            if error.response["Error"]["Code"] != "InvalidRequestException":
                raise

    def record(self, version_id: str) -> RotationRecord | None:
        """Return the latest record of a version's rotation."""
        records = [record for record in self._cloud.rotations() if record.version_id == version_id]
        return records[-1] if records else None

    def ended(self, version_id: str) -> RotationRecord:
        """Wait until a rotation has ended, one way or another."""
        what = f"The end of the rotation to version {version_id}"
        return wait_for(lambda: self._if_ended(version_id), what=what)

    def rotate(self, title: str) -> Rotation:
        """Rotate on demand and wait for the end."""
        before = self.current_version()
        record = self.ended(self.begin_rotation())
        return Rotation(title, before, self.current_version(), record)

    def _if_ended(self, version_id: str) -> RotationRecord | None:
        record = self.record(version_id)
        return record if record is not None and record.outcome in _ENDS else None

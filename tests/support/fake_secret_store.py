"""Secrets Manager in memory, at the level of the rotation function's port; it passes the store contract."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rotating_rds_function.domain.errors import LabelsMovedError
from rotating_rds_function.domain.versions import AWSCURRENT, AWSPENDING, AWSPREVIOUS, SecretDescription, Times

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass
class FakeSecretStore:
    """One secret, whose state tests arrange and read directly.

    :param values: version id to SecretString; a version without a value is absent.
    :param labels: version id to its staging labels.
    :param others: ARN of another secret to its AWSCURRENT value.
    :param times: of the secret.
    :param made_at: version id to when it was made; now, if it is absent.
    :param calls: names of the calls so far, as Secrets Manager names them.
    """

    tags: Mapping[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    labels: dict[str, set[str]] = field(default_factory=dict)
    rotation_enabled: bool = True
    others: dict[str, str | None] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    times: Times = field(default_factory=lambda: Times(asked=0.0))
    made_at: dict[str, float] = field(default_factory=dict)

    def stage(self, version: str, *labels: str, value: str | None = None) -> None:
        """Put labels on a version, and perhaps a value into it, taking them off any other version."""
        for label in labels:
            self._take(label)
        self.labels.setdefault(version, set()).update(labels)
        if value is not None:
            self.values[version] = value

    def value_of(self, label: str) -> str | None:
        """Return the value that carries a label."""
        holder = self._holder(label)
        return None if holder is None else self.values.get(holder)

    def describe(self, secret_id: str) -> SecretDescription:  # noqa: ARG002 - there is one secret
        """See SecretStore."""
        self.calls.append("DescribeSecret")
        labels = {version: frozenset(labels) for version, labels in self.labels.items() if labels}
        return SecretDescription(self.rotation_enabled, labels, dict(self.tags), self.times)

    def made(self, secret_id: str, version: str) -> float | None:  # noqa: ARG002
        """See SecretStore."""
        self.calls.append("ListSecretVersionIds")
        return self.made_at.get(version, self.times.asked) if self.labels.get(version) else None

    def read(self, secret_id: str, *, label: str, version: str | None = None) -> str | None:
        """See SecretStore."""
        self.calls.append("GetSecretValue")
        if secret_id in self.others:
            assert (label, version) == (AWSCURRENT, None), "of other secrets, the current value alone is of interest"
            return self.others[secret_id]
        holder = self._holder(label)
        return None if holder is None or version not in (None, holder) else self.values.get(holder)

    def write_pending(self, secret_id: str, *, version: str, text: str) -> None:  # noqa: ARG002
        """See SecretStore."""
        self.calls.append("PutSecretValue")
        if version not in self.values:
            self.stage(version, AWSPENDING, value=text)

    def move_label(self, secret_id: str, *, label: str, source: str | None, destination: str | None) -> None:  # noqa: ARG002
        """See SecretStore."""
        self.calls.append("UpdateSecretVersionStage")
        if source != self._holder(label):
            raise LabelsMovedError(f"{label} is not on {source}.")
        self._take(label)
        if destination is not None:
            self.labels.setdefault(destination, set()).add(label)
        if label == AWSCURRENT and source is not None and source != destination:
            self._take(AWSPREVIOUS)
            self.labels[source].add(AWSPREVIOUS)

    def _holder(self, label: str) -> str | None:
        return next((version for version, labels in self.labels.items() if label in labels), None)

    def _take(self, label: str) -> None:
        for labels in self.labels.values():
            labels.discard(label)

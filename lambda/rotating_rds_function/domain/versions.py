"""The gate before every step: what the staging labels of a secret's versions permit."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

AWSCURRENT: Final = "AWSCURRENT"
AWSPENDING: Final = "AWSPENDING"
AWSPREVIOUS: Final = "AWSPREVIOUS"


class Times(NamedTuple):
    """Moments on the clock of Secrets Manager, in seconds since the epoch; None where there was none.

    :param asked: when it answered: the other ones are to be compared with this, rather than with a clock of ours.
    :param created: of the secret.
    :param changed: the last change to it, which switching its rotation off is.
    :param rotated: the end of its last rotation.
    :param due: by when it is to be rotated next; in the past, if that has not happened.
    """

    asked: float
    created: float | None = None
    changed: float | None = None
    rotated: float | None = None
    due: float | None = None


@dataclass(frozen=True)
class SecretDescription:
    """What DescribeSecret tells about a secret; no value among it.

    :param rotation_enabled: whether the service would start a rotation.
    :param labels: version id to the staging labels on that version.
    :param tags: the secret's tags, which the deployment wrote.
    :param times: when things happened to it.
    """

    rotation_enabled: bool
    labels: Mapping[str, frozenset[str]]
    tags: Mapping[str, str] = field(default_factory=dict)
    times: Times = field(default_factory=lambda: Times(asked=0.0), compare=False)

    def carries(self, version: str, label: str) -> bool:
        """Tell whether *label* is on *version*."""
        return label in self.labels.get(version, frozenset())

    def holder_of(self, label: str) -> str | None:
        """Return the version that carries *label*, or None if none does."""
        return next((version for version, labels in self.labels.items() if label in labels), None)


class Placement(Enum):
    """Where a rotation's version stands."""

    ROTATION_DISABLED = auto()
    UNKNOWN = auto()
    PENDING = auto()
    CURRENT = auto()
    CURRENT_AND_PENDING = auto()
    UNSTAGED = auto()


class Proceed(NamedTuple):
    """Do the step."""


class AlreadyDone(NamedTuple):
    """The rotation has happened: succeed.

    :param pending_left: AWSPENDING is still on the version, which a repeated finishSecret takes off.
    """

    pending_left: bool


class Refuse(NamedTuple):
    """Fail the step.

    :param sentence: why and what to do, with a place for the version's id.
    """

    sentence: str


Decision = Proceed | AlreadyDone | Refuse

_GATE: Final[Mapping[Placement, Decision]] = MappingProxyType(
    {
        Placement.ROTATION_DISABLED: Refuse(
            "Rotation is disabled for the secret, so that version {version} must not be rotated to: "
            "enable it with RotateSecret."
        ),
        Placement.UNKNOWN: Refuse(
            "The secret has no version {version} with a staging label: start a rotation with RotateSecret, "
            "which stages one."
        ),
        Placement.PENDING: Proceed(),
        Placement.CURRENT: AlreadyDone(pending_left=False),
        Placement.CURRENT_AND_PENDING: AlreadyDone(pending_left=True),
        Placement.UNSTAGED: Refuse(
            "Version {version} is not staged AWSPENDING: another rotation took its place, "
            "or its label was removed; start a new one with RotateSecret."
        ),
    }
)


def gate(description: SecretDescription, version: str) -> Decision:
    """Decide what a step may do with *version*."""
    return _GATE[placement_of(description, version)]


def placement_of(description: SecretDescription, version: str) -> Placement:
    """Name where *version* stands among the labels of the secret."""
    if not description.rotation_enabled:
        return Placement.ROTATION_DISABLED
    if version not in description.labels:
        return Placement.UNKNOWN
    current, pending = (description.carries(version, label) for label in (AWSCURRENT, AWSPENDING))
    if current:
        return Placement.CURRENT_AND_PENDING if pending else Placement.CURRENT
    return Placement.PENDING if pending else Placement.UNSTAGED

"""What happened in each rotation, for the demonstration and the tests; AWS shows it nowhere in one piece."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any


@dataclass
class StepRecord:
    """One invocation of the rotation function.

    :param name: the step, such as `setSecret`.
    :param started: seconds since the epoch.
    :param seconds: how long the invocation took.
    :param error: the function's error type and message; None when the step succeeded.
    """

    name: str
    started: float
    seconds: float
    error: str | None


@dataclass
class RotationRecord:
    """One rotation with all of its attempts.

    :param outcome: `succeeded`, `failed`, `abandoned` or `cancelled`; None while it runs.
    :param steps: the invocations of every attempt in their order.
    """

    secret_arn: str
    version_id: str
    attempts: int = 0
    outcome: str | None = None
    steps: list[StepRecord] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return the record as the control API answers it."""
        return dataclasses.asdict(self)

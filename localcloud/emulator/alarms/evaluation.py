"""CloudWatch's decision over the data points of an alarm.

Source: "Alarm evaluation" and "Configuring how CloudWatch alarms treat missing data" in the CloudWatch User Guide. More
periods are looked at than are evaluated, so that a late data point does not count as missing; with enough real data
points, missing ones do not matter.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

EXTRA_PERIODS = 2
"""By how many periods the evaluation range is longer than the evaluation periods."""

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


class State(StrEnum):
    """The states of an alarm."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What an alarm compares.

    :param comparison: CloudWatch's name of the operator.
    :param periods: EvaluationPeriods.
    :param datapoints: DatapointsToAlarm.
    :param missing: TreatMissingData.
    """

    comparison: str
    threshold: float
    periods: int
    datapoints: int
    missing: str

    def decide(self, values: Sequence[float | None], state: State) -> State:
        """Return the state after an evaluation.

        :param values: one value a period of the evaluation range, oldest first; None where there is none.
        :param state: the state before.
        """
        real = [self.breaches(value) for value in values if value is not None][-self.periods :]
        gaps = self.periods - len(real)
        if not real and self.missing == "missing":
            return State.INSUFFICIENT_DATA
        if gaps and self.missing == "ignore" and all(real):
            return state
        if gaps and self.missing == "missing" and all(real):
            return State.ALARM
        breaching = sum(real) + (gaps if self.missing == "breaching" else 0)
        return State.ALARM if breaching >= self.datapoints else State.OK

    def breaches(self, value: float) -> bool:
        """Whether a value is on the wrong side of the threshold."""
        return COMPARISONS[self.comparison](value, self.threshold)

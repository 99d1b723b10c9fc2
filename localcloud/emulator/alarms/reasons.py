"""Why an alarm is in its state: StateReason for people, StateReasonData for programs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from localcloud.emulator.alarms.evaluation import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localcloud.emulator.alarms.evaluation import Rule
    from localcloud.emulator.alarms.query import Query

_WORDS = {
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "GreaterThanThreshold": "greater than",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}
_TREATED = {"breaching": "Breaching", "notBreaching": "NonBreaching", "ignore": "Ignored", "missing": "Missing"}


def reason(rule: Rule, values: Sequence[float | None], state: State) -> str:
    """Return the sentence that AWS writes, without the times of the data points."""
    real = [value for value in values if value is not None][-rule.periods :]
    if not real:
        received = f"no datapoints were received for {_plural(rule.periods, 'period')}"
        missing = f"{_plural(rule.periods, 'missing datapoint')} was treated as [{_TREATED[rule.missing]}]"
        return f"Threshold Crossed: {received} and {missing}."
    shown = [value for value in real if rule.breaches(value)] if state is State.ALARM else real
    negation = "" if state is State.ALARM else "not "
    return (
        f"Threshold Crossed: {len(shown)} out of the last {_plural(rule.periods, 'datapoint')} {shown} "
        f"{'was' if len(shown) == 1 else 'were'} {negation}{_WORDS[rule.comparison]} the threshold ({rule.threshold})."
    )


def data(query: Query, rule: Rule, values: Sequence[float | None], now: float) -> dict[str, Any]:
    """Return what was compared with what."""
    metric = query.metrics.get(query.result)
    return {
        "version": "1.0",
        "queryDate": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
        **({"statistic": metric.statistic} if metric else {}),
        "period": query.period,
        "recentDatapoints": [value for value in values if value is not None],
        "threshold": rule.threshold,
    }


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"

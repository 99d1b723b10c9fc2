"""The functions of metric math.

SUM, MIN, MAX and AVG of one series are a number, of an array they are a series; see "Functions supported for metric
math" in the CloudWatch User Guide.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localcloud.emulator.alarms.operators import as_series

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.emulator.alarms.values import Series, Value

KEYWORDS = frozenset({"REPEAT"})


@dataclass(frozen=True, kw_only=True)
class Context:
    """What functions know beside their arguments.

    :param metrics: what METRICS() stands for, by id.
    :param length: how many periods a series has.
    :param period: seconds between two points.
    """

    metrics: dict[str, Series]
    length: int
    period: int


def _real(series: Series) -> list[float]:
    return [value for value in series if value is not None]


def _aggregate(combine: Callable[[list[float]], float]) -> Callable[[Context, Value], Value]:
    def aggregate(_: Context, values: Value) -> Value:
        if isinstance(values, tuple):
            return combine(_real(values)) if _real(values) else 0.0
        if not isinstance(values, list):
            raise TypeError
        columns = [_real(column) for column in zip(*values, strict=True)]
        return tuple(combine(column) if column else None for column in columns)

    return aggregate


def _each(change: Callable[[float], float]) -> Callable[[Context, Value], Value]:
    def each(_: Context, value: Value) -> Value:
        if isinstance(value, float):
            return change(value)
        if not isinstance(value, tuple):
            raise TypeError
        return tuple(None if point is None else change(point) for point in value)

    return each


def _fill(context: Context, series: Series | list[Series], filler: Value) -> Series | list[Series]:
    if isinstance(series, list):
        return [_filled(context, each, filler) for each in series]
    return _filled(context, series, filler)


def _filled(context: Context, series: Series, filler: Value) -> Series:
    if filler == "REPEAT":
        return _repeated(series)
    if isinstance(filler, (str, list)):
        raise TypeError
    fillers = as_series(filler, context.length)
    return tuple(fill if point is None else point for point, fill in zip(series, fillers, strict=True))


def _repeated(series: Series) -> Series:
    last: float | None = None
    points = []
    for point in series:
        last = last if point is None else point
        points.append(last)
    return tuple(points)


def _if(context: Context, condition: Value, then: Value, otherwise: Value | None = None) -> Value:
    """Choose period by period; without a third argument there is no value where the condition does not hold."""
    if isinstance(condition, float) and otherwise is not None:
        return then if condition else otherwise
    if isinstance(condition, (str, list)) or isinstance(then, (str, list)) or isinstance(otherwise, (str, list)):
        raise TypeError
    rest = (None,) * context.length if otherwise is None else as_series(otherwise, context.length)
    conditions, chosen = as_series(condition, context.length), as_series(then, context.length)
    return tuple(
        None if holds is None else (left if holds else right)
        for holds, left, right in zip(conditions, chosen, rest, strict=True)
    )


def _metrics(context: Context, part: str = "") -> list[Series]:
    return [series for name, series in context.metrics.items() if part in name]


def _diff(_: Context, series: Series) -> Series:
    """Return each point less the one before it that exists."""
    previous: float | None = None
    points: list[float | None] = []
    for point in series:
        points.append(None if point is None or previous is None else point - previous)
        previous = previous if point is None else point
    return tuple(points)


def _rate(context: Context, series: Series) -> Series:
    pairs = zip((None, *series), series, strict=False)
    return tuple(
        None if point is None or previous is None else (point - previous) / context.period for previous, point in pairs
    )


def _running_sum(_: Context, series: Series) -> Series:
    total = 0.0
    points: list[float | None] = []
    for point in series:
        total += point or 0.0
        points.append(None if point is None else total)
    return tuple(points)


def _time_series(context: Context, value: float) -> Series:
    return (value,) * context.length


TABLE: dict[str, Callable[..., Value]] = {
    "ABS": _each(abs),
    "AVG": _aggregate(lambda values: sum(values) / len(values)),
    "CEIL": _each(lambda value: float(math.ceil(value))),
    "DATAPOINT_COUNT": _aggregate(lambda values: float(len(values))),
    "DIFF": _diff,
    "FILL": _fill,
    "FLOOR": _each(lambda value: float(math.floor(value))),
    "IF": _if,
    "MAX": _aggregate(max),
    "METRICS": _metrics,
    "METRIC_COUNT": lambda _, series: float(len(series)),
    "MIN": _aggregate(min),
    "PERIOD": lambda context, _series: float(context.period),
    "RATE": _rate,
    "RUNNING_SUM": _running_sum,
    "SUM": _aggregate(sum),
    "TIME_SERIES": _time_series,
}

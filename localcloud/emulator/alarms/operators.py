"""The operators of metric math: between numbers, between time series, and between both."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, cast

from localcloud.emulator.alarms.errors import InvalidAlarmError

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.emulator.alarms.values import Series, Value

    Operation = Callable[[float, float], float]

_OPERATIONS: dict[str, Operation] = {
    "Add": operator.add,
    "Sub": operator.sub,
    "-": operator.sub,
    "Mult": operator.mul,
    "Div": operator.truediv,
    "Pow": operator.pow,
    "Eq": lambda left, right: float(left == right),
    "NotEq": lambda left, right: float(left != right),
    "Lt": lambda left, right: float(left < right),
    "LtE": lambda left, right: float(left <= right),
    "Gt": lambda left, right: float(left > right),
    "GtE": lambda left, right: float(left >= right),
    "And": lambda left, right: float(bool(left) and bool(right)),
    "Or": lambda left, right: float(bool(left) or bool(right)),
}
NAMES = frozenset(_OPERATIONS)


def apply(name: str, left: Value, right: Value) -> Value:
    """Return what an operator makes of two values; one series of an array with a number is an array again.

    :raises InvalidAlarmError: a text, or two arrays.
    """
    if isinstance(left, str) or isinstance(right, str) or (isinstance(left, list) and isinstance(right, list)):
        raise InvalidAlarmError(f"Metric math has no {name} of {left!r} and {right!r}.")
    if isinstance(left, list):
        return cast("list[Series]", [apply(name, each, right) for each in left])
    if isinstance(right, list):
        return cast("list[Series]", [apply(name, left, each) for each in right])
    operation = _OPERATIONS[name]
    if isinstance(left, float) and isinstance(right, float):
        result = _point(operation, left, right)
        if result is None:
            raise InvalidAlarmError(f"Metric math has no {name} of {left!r} and {right!r}.")
        return result
    length = len(left) if isinstance(left, tuple) else len(cast("Series", right))
    pairs = zip(as_series(left, length), as_series(right, length), strict=True)
    return tuple(_point(operation, *pair) for pair in pairs)


def as_series(value: float | Series, length: int) -> Series:
    """Return a number as the series that has it in every period."""
    return value if isinstance(value, tuple) else (value,) * length


def _point(operation: Operation, left: float | None, right: float | None) -> float | None:
    if left is None or right is None:
        return None
    try:
        return operation(left, right)
    except (ZeroDivisionError, OverflowError):
        return None

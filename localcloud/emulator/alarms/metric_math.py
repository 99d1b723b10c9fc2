"""Metric math, as far as alarms use it.

Source: "Using math expressions with CloudWatch metrics" (CloudWatch User Guide). A time series has a value or a gap for
every period of the alarm's range. Arithmetic leaves a gap where an operand has one; functions over several series pass
over gaps; a division by zero is a gap. SEARCH, anomaly bands and what is missing from the table are refused by name.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from localcloud.emulator.alarms import functions, operators
from localcloud.emulator.alarms.errors import InvalidAlarmError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localcloud.emulator.alarms.values import Series, Value

_WORDS = {"AND": "and", "OR": "or", "&&": " and ", "||": " or ", "^": "**"}
_REWRITE = re.compile(r'"[^"]*"|\bAND\b|\bOR\b|&&|\|\||\^', re.IGNORECASE)


def evaluate(expression: str, series: Mapping[str, Series], metrics: list[str], period: int) -> Value:
    """Return the value of an expression.

    :param series: every metric and expression of the alarm that has one already, by its id.
    :param metrics: the ids that METRICS() stands for.
    :param period: seconds between two points.
    :raises InvalidAlarmError: it is no expression, or uses what is not played here; the message names it.
    """
    return _Evaluation(expression, series, metrics, period).value()


def names(expression: str) -> set[str]:
    """Return the ids that an expression uses.

    :raises InvalidAlarmError: it is no expression.
    """
    tree = _parse(expression)
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return used - called - functions.KEYWORDS


def _parse(expression: str) -> ast.Expression:
    """Return the tree of an expression, whose grammar is Python's but for a few words."""
    text = _REWRITE.sub(lambda match: _WORDS.get(match[0].upper(), match[0]), expression)
    try:
        return ast.parse(text.strip(), mode="eval")
    except SyntaxError:
        raise InvalidAlarmError(f"The metric math expression {expression!r} cannot be read.") from None


class _Evaluation:
    def __init__(self, expression: str, series: Mapping[str, Series], metrics: list[str], period: int) -> None:
        self._expression = expression
        self._series = series
        self._context = functions.Context(
            metrics={name: series[name] for name in metrics if name in series},
            length=max((len(each) for each in series.values()), default=0),
            period=period,
        )

    def value(self) -> Value:
        return self._value(_parse(self._expression).body)

    def _value(self, node: ast.expr) -> Value:
        visit = getattr(self, f"_{type(node).__name__.lower()}", None)
        if visit is None:
            raise self._refused(ast.unparse(node))
        result: Value = visit(node)
        return result

    def _constant(self, node: ast.Constant) -> Value:
        if isinstance(node.value, str):
            return node.value
        if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
            raise self._refused(repr(node.value))
        return float(node.value)

    def _name(self, node: ast.Name) -> Value:
        if node.id in functions.KEYWORDS:
            return node.id
        if node.id not in self._series:
            raise InvalidAlarmError(f"The metric math expression {self._expression!r} uses {node.id}, which is no id.")
        return self._series[node.id]

    def _list(self, node: ast.List) -> Value:
        items = [self._value(item) for item in node.elts]
        if not all(isinstance(item, tuple) for item in items):
            raise self._refused("an array of something else than metrics")
        return items  # type: ignore[return-value]  # checked in the line before

    def _unaryop(self, node: ast.UnaryOp) -> Value:
        if not isinstance(node.op, ast.USub):
            raise self._refused(ast.unparse(node))
        return operators.apply("-", 0.0, self._value(node.operand))

    def _binop(self, node: ast.BinOp) -> Value:
        return self._combine(type(node.op).__name__, node.left, node.right)

    def _compare(self, node: ast.Compare) -> Value:
        if len(node.ops) != 1:
            raise self._refused(ast.unparse(node))
        return self._combine(type(node.ops[0]).__name__, node.left, node.comparators[0])

    def _boolop(self, node: ast.BoolOp) -> Value:
        result = self._value(node.values[0])
        for operand in node.values[1:]:
            result = operators.apply(type(node.op).__name__, result, self._value(operand))
        return result

    def _combine(self, operation: str, left: ast.expr, right: ast.expr) -> Value:
        if operation not in operators.NAMES:
            raise self._refused(operation)
        return operators.apply(operation, self._value(left), self._value(right))

    def _call(self, node: ast.Call) -> Value:
        name = node.func.id.upper() if isinstance(node.func, ast.Name) else ast.unparse(node.func)
        function = functions.TABLE.get(name)
        if function is None or node.keywords:
            raise self._refused(f"{name}()")
        arguments: list[Any] = [self._value(argument) for argument in node.args]
        try:
            return function(self._context, *arguments)
        except (TypeError, AttributeError):
            raise InvalidAlarmError(
                f"The metric math expression {self._expression!r} calls {name}() with arguments it does not take."
            ) from None

    def _refused(self, what: str) -> InvalidAlarmError:
        return InvalidAlarmError(f"The local cloud does not play {what} of the expression {self._expression!r}.")

"""Conditions over a JSON line: `{ ($.eventName = "GetSecretValue") && ($.errorCode = "AccessDenied*") }`.

Comparisons are strict about types: numbers are compared with numbers, and texts, in which `*` stands for anything, with
texts; the case matters. A selector that leads to an object or an array matches nothing.
"""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Any

from localcloud.emulator.logs.errors import InvalidPatternError

if TYPE_CHECKING:
    from collections.abc import Callable

    Condition = Callable[[Any], bool]

_TOKEN = re.compile(
    r"""\s*(
        \$(?:\.[\w-]+|\.?\[(?:\d+|\*|'[^']*'|"[^"]*")\])+   # a selector
      | "(?:\\.|[^"\\])*" | %[^%]+%                         # a text, a regular expression
      | && | \|\| | != | >= | <= | [=<>(){}]
      | [^\s=!<>(){}&|"]+                                   # a word or a number
    )""",
    re.VERBOSE,
)
_STEP = re.compile(r"\.([\w-]+)|\.?\[(?:(\d+)|(\*)|'([^']*)'|\"([^\"]*)\")\]")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_ORDERED: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_CONSTANTS = {"NULL": None, "TRUE": True, "FALSE": False}


def parse(text: str) -> Condition:
    """Return the condition between the braces of a pattern.

    :raises InvalidPatternError: it is not one.
    """
    return _Parser(text).parse()


def select(document: Any, selector: str) -> list[Any]:
    """Return what a selector such as `$.detail.items[*].name` leads to: nothing, one value, or several."""
    values = [document]
    for match in _STEP.finditer(selector[1:]):
        name, index, every = match[1] or match[4] or match[5], match[2], match[3]
        if name is not None:
            values = [value[name] for value in values if isinstance(value, dict) and name in value]
        elif every:
            values = [item for value in values if isinstance(value, list) for item in value]
        else:
            values = [value[int(index)] for value in values if isinstance(value, list) and int(index) < len(value)]
    return values


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _TOKEN.findall(text)
        if _TOKEN.sub("", text).strip():
            raise self._invalid("it has characters that mean nothing there")

    def parse(self) -> Condition:
        self._take("{")
        condition = self._any_of()
        self._take("}")
        if self._tokens:
            raise self._invalid(f"nothing may follow its brace, but {self._tokens[0]!r} does")
        return condition

    def _any_of(self) -> Condition:
        conditions = [self._all_of()]
        while self._next() == "||":
            self._take("||")
            conditions.append(self._all_of())
        return lambda document: any(condition(document) for condition in conditions)

    def _all_of(self) -> Condition:
        conditions = [self._one()]
        while self._next() == "&&":
            self._take("&&")
            conditions.append(self._one())
        return lambda document: all(condition(document) for condition in conditions)

    def _one(self) -> Condition:
        if self._next() == "(":
            self._take("(")
            condition = self._any_of()
            self._take(")")
            return condition
        return self._comparison()

    def _comparison(self) -> Condition:
        selector = self._take()
        if not selector.startswith("$"):
            raise self._invalid(f"a condition begins with a selector such as $.eventName, not with {selector!r}")
        sign = self._take()
        if sign == "NOT":
            self._take("EXISTS")
            return lambda document: not select(document, selector)
        if sign == "IS":
            constant = self._constant()
            return lambda document: any(value is constant for value in select(document, selector))
        compare = self._compare(sign, self._take())
        return lambda document: any(compare(value) for value in select(document, selector))

    def _constant(self) -> bool | None:
        word = self._take()
        if word not in _CONSTANTS:
            raise self._invalid(f"IS is followed by TRUE, FALSE or NULL, not by {word!r}")
        return _CONSTANTS[word]

    def _compare(self, sign: str, operand: str) -> Condition:
        if sign in _ORDERED:
            if not _NUMBER.fullmatch(operand):
                raise self._invalid(f"{sign} compares with a number, not with {operand!r}")
            return lambda value: _is_number(value) and _ORDERED[sign](value, float(operand))
        if sign not in ("=", "!="):
            raise self._invalid(f"{sign!r} is no operator")
        equal = _equality(operand)
        if sign == "=":
            return equal
        return lambda value: not isinstance(value, (dict, list)) and not equal(value)

    def _next(self) -> str | None:
        return self._tokens[0] if self._tokens else None

    def _take(self, expected: str | None = None) -> str:
        if not self._tokens or (expected is not None and self._tokens[0] != expected):
            found = repr(self._tokens[0]) if self._tokens else "its end"
            raise self._invalid(f"{expected or 'something'} is missing before {found}")
        token: str = self._tokens.pop(0)
        return token

    def _invalid(self, reason: str) -> InvalidPatternError:
        return InvalidPatternError(f"Invalid filter pattern {self._text!r}: {reason}.")


def _equality(operand: str) -> Condition:
    if operand.startswith("%"):
        expression = re.compile(operand[1:-1])
        return lambda value: isinstance(value, str) and expression.search(value) is not None
    if _NUMBER.fullmatch(operand):
        number = float(operand)
        return lambda value: value == number if _is_number(value) else value == operand
    text = re.sub(r"\\(.)", r"\1", operand[1:-1]) if operand.startswith('"') else operand
    expression = re.compile(".*".join(re.escape(part) for part in text.split("*")), re.DOTALL)
    return lambda value: isinstance(value, str) and expression.fullmatch(value) is not None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)

"""Filter patterns of CloudWatch Logs.

Source: "Filter pattern syntax for metric filters" (CloudWatch Logs User Guide): terms, and conditions over JSON. A
condition on a property that the line lacks does not hold, whatever it compares, but for NOT EXISTS. Patterns for lines
whose fields are separated by spaces (`[ip, user]`) are refused.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from localcloud.emulator.logs import conditions
from localcloud.emulator.logs.errors import InvalidPatternError

if TYPE_CHECKING:
    from collections.abc import Callable

    Matcher = Callable[[str], bool]

_LENGTH = 1024
_TERM = re.compile(r'\s*([-?]?)("(?:\\.|[^"\\])*"|%[^%]+%|[^\s"]+)')


def compile_pattern(text: str) -> Matcher:
    """Return what tells whether a line matches.

    :raises InvalidPatternError: CloudWatch Logs or this emulator refuses the pattern; the message says why.
    """
    text = text.strip()
    if len(text) > _LENGTH:
        raise InvalidPatternError(f"The filter pattern has {len(text)} characters, and {_LENGTH} are allowed.")
    if text.startswith("["):
        raise InvalidPatternError(f"The local cloud reads no patterns for space-delimited lines: {text!r}.")
    if text.startswith("{"):
        holds = conditions.parse(text)
        return lambda line: holds(_document(line))
    return _terms(text)


def _document(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None  # no JSON: no property exists


def _terms(text: str) -> Matcher:
    """Return the matcher of a pattern of terms: all plain ones, none with `-`, and one of those with `?`."""
    found = _TERM.findall(text)
    if _TERM.sub("", text).strip():
        raise InvalidPatternError(f"The filter pattern {text!r} has a quotation mark that nothing closes.")
    terms = {mark: [_term(term) for kind, term in found if kind == mark] for mark in ("", "-", "?")}

    def matches(line: str) -> bool:
        return (
            all(term(line) for term in terms[""])
            and not any(term(line) for term in terms["-"])
            and (not terms["?"] or any(term(line) for term in terms["?"]))
        )

    return matches


def _term(term: str) -> Matcher:
    if term.startswith("%") and term.endswith("%"):
        expression = re.compile(term[1:-1])
        return lambda line: expression.search(line) is not None
    word = re.sub(r"\\(.)", r"\1", term[1:-1]) if term.startswith('"') else term
    return lambda line: word in line

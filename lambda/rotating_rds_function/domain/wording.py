"""How a value that came from outside appears in an error sentence."""

from __future__ import annotations

_LONGEST = 80


def shown(value: str) -> str:
    """Quote *value*: control characters escaped and cut to a line, so that it cannot forge log lines."""
    text = value if len(value) <= _LONGEST else f"{value[:_LONGEST]}..."
    return repr(text)

"""What a command could not do."""

from __future__ import annotations


class OperationError(Exception):
    """One sentence: what was wrong, and what to do."""

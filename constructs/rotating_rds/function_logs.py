"""Where functions write, by names that are known before anything is deployed."""

from __future__ import annotations


def log_group_prefix(owner: str) -> str:
    """Return how the names of log groups of functions begin.

    :param owner: the id of the database, or the name of the stack whose databases share them.
    """
    return f"/rotating-rds/{owner}"

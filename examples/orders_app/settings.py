"""What the application is told by its environment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Read from variables.

    :param secret_id: ``DATABASE_SECRET_ID``: name or ARN of the database secret.
    :param orders_per_second: ``ORDERS_PER_SECOND``: how many orders arrive; 10 by default.
    :param concurrency: ``ORDERS_CONCURRENCY``: how many may be served at once; 40 by default. Beyond that they queue.
    :param journal: ``ORDERS_JOURNAL``: file to append events to; standard output by default.
    """

    secret_id: str
    orders_per_second: float
    concurrency: int
    journal: Path | None

    @classmethod
    def from_environment(cls, variables: Mapping[str, str]) -> Self:
        """Read and check the variables.

        :raises ValueError: with a sentence that names the variable, what it holds, and what it should.
        """
        journal = variables.get("ORDERS_JOURNAL")
        return cls(
            secret_id=_required(variables, "DATABASE_SECRET_ID"),
            orders_per_second=_number(variables, "ORDERS_PER_SECOND", default=10, highest=1000),
            concurrency=int(_number(variables, "ORDERS_CONCURRENCY", default=40, highest=1000)),
            journal=Path(journal) if journal else None,
        )


def _required(variables: Mapping[str, str], name: str) -> str:
    value = variables.get(name)
    if not value:
        raise ValueError(f"{name} is not set: set it to the name or ARN of the database secret.")
    return value


def _number(variables: Mapping[str, str], name: str, *, default: float, highest: float) -> float:
    text = variables.get(name) or str(default)
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1 <= value <= highest:
        raise ValueError(f"{name} is {text!r}: set it to a number from 1 to {highest:g}.")
    return value

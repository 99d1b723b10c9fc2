"""What all tables have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from stacks.choices import LOG_RETENTIONS


def _log_retention(value: int) -> int:
    if value not in LOG_RETENTIONS:
        raise ValueError(f"{value} days is refused: choose one of {', '.join(map(str, LOG_RETENTIONS))}.")
    return value


LogRetention = Annotated[
    int, AfterValidator(_log_retention), Field(description="a retention that CloudWatch Logs knows")
]
Texts = Annotated[tuple[str, ...], Field(strict=False)]


class Table(BaseModel):
    """A table of the file: frozen, without unknown keys, without conversions."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

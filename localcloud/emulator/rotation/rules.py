"""RotationRules: when a secret is due.

Source: "Schedule expressions in Secrets Manager rotation" in the Secrets Manager User Guide and the API reference of
RotationRulesType.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from ministack.services import eventbridge

from localcloud.emulator import patches
from localcloud.emulator.answers import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping

_DAYS = range(1, 1001)
_LEAST_HOURS = 4
_RATE = re.compile(r"rate\((\d+) (hour|day)s?\)")
_CRON = re.compile(r"cron\(0 \S+ \S+ \S+ \S+ \*\)")
_DURATION = re.compile(r"(\d{1,2})h")

_parse_cron = patches.expect(eventbridge, "_parse_cron_fields", "(expr)")
_next_fire = patches.expect(eventbridge, "_cron_next_fire", "(fields, after_dt)")


@dataclass(frozen=True)
class Window:
    """The time in which a rotation happens; ours starts at the window's beginning."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class RotationRules:
    """A checked schedule.

    :param expression: `rate(...)` or `cron(...)`.
    :param hours: length of the window; by default an hour for schedules in hours, else the rest of the UTC day.
    """

    expression: str
    hours: int | None

    @classmethod
    def parse(cls, rules: Mapping[str, Any]) -> Self:
        """Check what RotateSecret was given.

        :raises ServiceError: InvalidParameterException, as the service answers.
        """
        days, expression = rules.get("AutomaticallyAfterDays"), rules.get("ScheduleExpression")
        if (days is None) == (expression is None):
            raise _invalid("RotationRules must have either AutomaticallyAfterDays or ScheduleExpression.")
        duration = rules.get("Duration")
        length = _DURATION.fullmatch(duration) if duration is not None else None
        if duration is not None and not length:
            raise _invalid(f"Duration must be a number of hours such as 3h, not {duration!r}.")
        parsed = cls(expression or f"rate({days} days)", int(length[1]) if length else None)
        parsed._check()
        return parsed

    def next_window(self, after: datetime) -> Window:
        """Return the first window after a moment, usually that of the last rotation."""
        start = self._start(after)
        if self.hours is not None:
            return Window(start, start + timedelta(hours=self.hours))
        if self._several_a_day(start):
            return Window(start, start + timedelta(hours=1))
        return Window(start, _midnight(start) + timedelta(days=1))

    def _check(self) -> None:
        rate = _RATE.fullmatch(self.expression)
        if rate:
            hours = int(rate[1]) * (24 if rate[2] == "day" else 1)
            if hours < _LEAST_HOURS or hours > _DAYS[-1] * 24:
                raise _invalid(f"A rotation rate lies between 4 hours and 1000 days: {self.expression!r} does not.")
        elif not _CRON.fullmatch(self.expression):
            raise _invalid(f"ScheduleExpression {self.expression!r} is neither rate(...) nor cron(0 ... *).")
        window = self.next_window(datetime(2024, 1, 1, tzinfo=UTC))
        if window.end > _midnight(window.start) + timedelta(days=1):
            raise _invalid(f"The window of {self.hours} hours extends into the next UTC day.")

    def _start(self, after: datetime) -> datetime:
        rate = _RATE.fullmatch(self.expression)
        if rate and rate[2] == "day":
            return _midnight(after) + timedelta(days=int(rate[1]))
        if rate:
            return (after + timedelta(hours=int(rate[1]))).replace(minute=0, second=0, microsecond=0)
        fields = _parse_cron(self.expression)
        start = _next_fire(fields, after) if fields else None
        if start is None:
            raise _invalid(f"ScheduleExpression {self.expression!r} names no time within the next four years.")
        return start  # type: ignore[no-any-return]

    def _several_a_day(self, start: datetime) -> bool:
        rate = _RATE.fullmatch(self.expression)
        if rate:
            return rate[2] == "hour"
        return self._start(start).date() == start.date()


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidParameterException", message)

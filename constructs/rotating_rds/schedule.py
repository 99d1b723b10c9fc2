"""When a secret rotates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotating_rds.errors import DeclarationError
from rotating_rds.schedule_expression import HOURS_A_DAY, windows

if TYPE_CHECKING:
    from aws_cdk import Duration

_MILLISECONDS_AN_HOUR = 3_600_000


@dataclass(frozen=True)
class Schedule:
    """A rotation schedule in UTC.

    :param expression: `rate(...)` in hours or days, or `cron(0 hours day-of-month month day-of-week *)`.
    :raises DeclarationError: if Secrets Manager would refuse the expression.
    """

    expression: str

    def __post_init__(self) -> None:
        windows(self.expression)

    @classmethod
    def rate(cls, every: Duration) -> Schedule:
        """Return a schedule with a fixed interval; the rotation window opens at midnight UTC.

        :param every: 4 hours to 999 days, in whole hours or days.
        """
        hours = whole_hours(every, "rotation interval")
        days, odd_hours = divmod(hours, HOURS_A_DAY)
        value, unit = (hours, "hour") if odd_hours or not days else (days, "day")
        return cls(f"rate({value} {unit if value == 1 else unit + 's'})")

    @classmethod
    def cron(cls, *, hour: int, day: str = "*", month: str = "*", week_day: str | None = None) -> Schedule:
        """Return a schedule by the calendar, whose window opens on the hour.

        :param hour: hour of the day in UTC, 0 to 23.
        :param day: day of the month; every day unless given. Not together with *week_day*.
        :param month: month; every month unless given.
        :param week_day: day of the week, such as `SUN` or `SUN#1`; any unless given.
        """
        if week_day is not None and day != "*":
            raise DeclarationError(
                f"A schedule with day={day!r} and week_day={week_day!r} is refused by Secrets Manager: give one."
            )
        days = f"? {month} {week_day}" if week_day is not None else f"{day} {month} ?"
        return cls(f"cron(0 {hour} {days} *)")

    @property
    def longest_window_hours(self) -> int:
        """The longest rotation window that crosses neither midnight UTC nor into the next window."""
        return windows(self.expression).longest_window_hours


def whole_hours(duration: Duration, what: str) -> int:
    """Return *duration* in hours, the only unit that schedules and windows are made of.

    :param what: what the duration is, for the message.
    :raises DeclarationError: if it is not whole hours.
    """
    hours, rest = divmod(duration.to_milliseconds(), _MILLISECONDS_AN_HOUR)
    if rest:
        raise DeclarationError(
            f"A {what} of {duration.to_human_string()} is refused by Secrets Manager: choose whole hours or days."
        )
    return int(hours)

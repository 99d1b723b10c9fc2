"""When a secret rotates."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotating_rds.errors import DeclarationError
from rotating_rds.schedule_expression import HOURS_A_DAY, windows, with_hour

if TYPE_CHECKING:
    from aws_cdk import Duration

_MILLISECONDS_AN_HOUR = 3_600_000


@dataclass(frozen=True)
class Schedule:
    """A rotation schedule in UTC.

    :param expression: `rate(...)` in hours or days, or `cron(0 hours day-of-month month day-of-week *)`. The hours may
        be `H`, or `H(1-5)`: one of them for each credential, so that what shares a schedule does not rotate at once.
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
    def cron(
        cls, *, hour: int | range | None = None, day: str = "*", month: str = "*", week_day: str | None = None
    ) -> Schedule:
        """Return a schedule by the calendar, whose window opens on the hour.

        :param hour: hour of the day in UTC, 0 to 23; or a range of hours, one of which is chosen for each credential by
            its path in the app, so that many databases do not rotate at once. Any hour unless given.
        :param day: day of the month; every day unless given. Not together with *week_day*.
        :param month: month; every month unless given.
        :param week_day: day of the week, such as `SUN` or `SUN#1`; any unless given.
        """
        if week_day is not None and day != "*":
            raise DeclarationError(
                f"A schedule with day={day!r} and week_day={week_day!r} is refused by Secrets Manager: give one."
            )
        days = f"? {month} {week_day}" if week_day is not None else f"{day} {month} ?"
        return cls(f"cron(0 {_hours(hour)} {days} *)")

    def staggered(self, path: str, window_hours: int | None) -> Schedule:
        """Return the schedule with an hour of its own for one credential.

        :param path: of the credential in the app; the same one always gets the same hour.
        :param window_hours: how long a window stays open, which has to end before midnight.
        """
        found = windows(self.expression)
        if not found.choices:
            return self
        fitting = [hour for hour in found.choices if hour + (window_hours or 1) <= HOURS_A_DAY]
        number = int.from_bytes(hashlib.sha256(path.encode()).digest()[:8])
        return Schedule(with_hour(self.expression, fitting[number % len(fitting)]))

    @property
    def longest_window_hours(self) -> int:
        """The longest rotation window that crosses neither midnight UTC nor into the next window."""
        return windows(self.expression).longest_window_hours


def _hours(hour: int | range | None) -> str:
    if hour is None:
        return "H"
    if isinstance(hour, int):
        return str(hour)
    if not hour or hour.step != 1:
        raise DeclarationError(f"A schedule within {hour} has no hours in a row: give a range such as range(1, 5).")
    return f"H({hour.start}-{hour.stop - 1})"


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

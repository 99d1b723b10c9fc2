"""The schedule expressions of Secrets Manager, checked as the service checks them.

Neither CloudFormation nor a linter looks into these expressions; a bad one fails in the middle of a deployment.
Source of the rules: "Schedule expressions in Secrets Manager rotation" in the service's user guide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rotating_rds.errors import DeclarationError

HOURS_A_DAY = 24
_SHORTEST_HOURS = 4
_LONGEST_DAYS = 999

_RATE = re.compile(r"rate\((?P<value>[1-9][0-9]*) (?P<unit>hours?|days?)\)")
_CRON = re.compile(r"cron\((?P<fields>(?:[^()]|\([^()]*\))*)\)")
_HASHED_HOUR = re.compile(r"H(?:\((?P<first>[0-9]{1,2})-(?P<last>[0-9]{1,2})\))?")
_HOUR = re.compile(r"(?P<start>[0-9]{1,2})?(?:/(?P<step>[0-9]{1,2}))?")
_NUMBERS_OR_NAMES = r"(?:{item}(?:-{item})?(?:/[0-9]{{1,2}})?)"
_MONTH = r"(?:1[0-2]|[1-9]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)"
_DAY = r"(?:3[01]|[12][0-9]|[1-9])"
_WEEKDAY = r"(?:[1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)"


def _list_of(item: str, *others: str) -> re.Pattern[str]:
    element = "|".join([_NUMBERS_OR_NAMES.format(item=item), r"\*(?:/[0-9]{1,2})?", *others])
    return re.compile(rf"(?:{element})(?:,(?:{element}))*")


_MONTHS = _list_of(_MONTH)
_DAYS_OF_MONTH = _list_of(_DAY, "L", r"/[0-9]{1,2}")
_DAYS_OF_WEEK = _list_of(_WEEKDAY, rf"{_WEEKDAY}#[1-5]", rf"{_WEEKDAY}?L")


@dataclass(frozen=True)
class Windows:
    """When rotation windows open.

    :param last_hour: last hour of a day on which one opens.
    :param hours_between: hours between two openings, 24 at most.
    :param choices: the hours that one is chosen of, for an hour that is not fixed yet; none otherwise.
    """

    last_hour: int
    hours_between: int
    choices: tuple[int, ...] = ()

    @property
    def longest_window_hours(self) -> int:
        """The longest window that crosses neither midnight UTC nor into the next one."""
        return min(self.hours_between, HOURS_A_DAY - self.last_hour)


def windows(expression: str) -> Windows:
    """Return when the windows of *expression* open.

    :raises DeclarationError: if Secrets Manager would refuse the expression.
    """
    if rate := _RATE.fullmatch(expression):
        return _rate_windows(expression, int(rate["value"]), days=rate["unit"].startswith("day"))
    if cron := _CRON.fullmatch(expression):
        return _cron_windows(expression, cron["fields"].split())
    raise DeclarationError(
        f"The rotation schedule {expression!r} is no expression that Secrets Manager knows: write rate(30 days) or "
        "cron(0 3 ? * SUN *)."
    )


def _rate_windows(expression: str, value: int, *, days: bool) -> Windows:
    hours = value * HOURS_A_DAY if days else value
    if not _SHORTEST_HOURS <= hours <= _LONGEST_DAYS * HOURS_A_DAY:
        raise DeclarationError(
            f"The rotation schedule {expression!r} is outside of what Secrets Manager takes: choose {_SHORTEST_HOURS} "
            f"hours to {_LONGEST_DAYS} days."
        )
    return Windows(last_hour=0, hours_between=min(hours, HOURS_A_DAY))


def _cron_windows(expression: str, fields: list[str]) -> Windows:
    if len(fields) != 6:  # noqa: PLR2004  # minutes, hours, day of month, month, day of week, year
        raise _bad_cron(expression, f"has {len(fields)} fields", "give minutes, hours, day, month, week day and year")
    minutes, hours, day, month, week_day, year = fields
    if minutes != "0":
        raise _bad_cron(expression, f"opens at minute {minutes!r}", "write 0, windows open on the hour")
    if year != "*":
        raise _bad_cron(expression, f"names the year {year!r}", "write *")
    if (day == "?") == (week_day == "?"):
        raise _bad_cron(expression, f"has the days {day!r} and {week_day!r}", "write ? in exactly one of them")
    for value, pattern, name in (
        (day, _DAYS_OF_MONTH, "day"),
        (month, _MONTHS, "month"),
        (week_day, _DAYS_OF_WEEK, "week day"),
    ):
        if value != "?" and not pattern.fullmatch(value):
            raise _bad_cron(expression, f"has the {name} {value!r}", "write numbers, names, lists or ranges")
    if month == "?":
        raise _bad_cron(expression, "has the month '?'", "write * or a month")
    return _hour_windows(expression, hours)


def with_hour(expression: str, hour: int) -> str:
    """Return an expression whose hour was not fixed yet, with one that is."""
    return _HASHED_HOUR.sub(str(hour), expression, count=1)


def _hour_windows(expression: str, hours: str) -> Windows:
    if hashed := _HASHED_HOUR.fullmatch(hours):
        first, last = int(hashed["first"] or 0), int(hashed["last"] or HOURS_A_DAY - 1)
        if not first <= last < HOURS_A_DAY:
            raise _bad_cron(expression, f"has the hours {hours!r}", "write H, or a range such as H(1-5)")
        return Windows(last_hour=first, hours_between=HOURS_A_DAY, choices=tuple(range(first, last + 1)))
    match = _HOUR.fullmatch(hours)
    if not match or not hours or int(match["start"] or 0) >= HOURS_A_DAY:
        raise _bad_cron(expression, f"has the hours {hours!r}", "write 0 to 23, or start/step such as 2/10")
    start = int(match["start"] or 0)
    if match["step"] is None:
        return Windows(last_hour=start, hours_between=HOURS_A_DAY)
    step = int(match["step"])
    if not _SHORTEST_HOURS <= step < HOURS_A_DAY:
        raise _bad_cron(expression, f"repeats every {step} hours", f"choose {_SHORTEST_HOURS} to {HOURS_A_DAY - 1}")
    last_hour = start + (HOURS_A_DAY - 1 - start) // step * step
    # The count starts anew each day: from the last opening to tomorrow's first one may be less than a step.
    overnight = start + HOURS_A_DAY - last_hour
    if last_hour != start and overnight < _SHORTEST_HOURS:
        raise _bad_cron(
            expression,
            f"leaves {overnight} hours from {last_hour} o'clock to the next day's {start} o'clock",
            f"choose a start and step that keep {_SHORTEST_HOURS} hours apart",
        )
    return Windows(last_hour=last_hour, hours_between=step)


def _bad_cron(expression: str, wrong: str, remedy: str) -> DeclarationError:
    return DeclarationError(f"The rotation schedule {expression!r} {wrong}, which Secrets Manager refuses: {remedy}.")

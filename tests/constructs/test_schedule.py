from __future__ import annotations

import pytest
from aws_cdk import Duration

from rotating_rds import DeclarationError, Schedule


@pytest.mark.parametrize(
    ("expression", "longest_window"),
    [
        ("rate(4 hours)", 4),
        ("rate(12 hours)", 12),
        ("rate(1 day)", 24),
        ("rate(30 days)", 24),
        ("rate(999 days)", 24),
        ("cron(0 3 ? * SUN *)", 21),
        ("cron(0 0 1 * ? *)", 24),
        ("cron(0 23 L * ? *)", 1),
        ("cron(0 16 ? 3,6,9,12 MON#1 *)", 8),
        ("cron(0 2 1/7 * ? *)", 22),
        ("cron(0 /4 * * ? *)", 4),
        ("cron(0 8/8 * * ? *)", 8),
        ("cron(0 2/10 * * ? *)", 2),
        ("cron(0 4 ? JAN-MAR MON-FRI *)", 20),
    ],
)
def test_schedules_that_secrets_manager_knows_are_taken(expression: str, longest_window: int) -> None:
    """The longest window ends at midnight UTC, or where the next window opens."""
    assert Schedule(expression).longest_window_hours == longest_window


@pytest.mark.parametrize(
    ("expression", "wrong"),
    [
        ("", "is no expression"),
        ("30 days", "is no expression"),
        ("rate(30days)", "is no expression"),
        ("rate(-1 days)", "is no expression"),
        ("rate(1 week)", "is no expression"),
        ("rate(30 minutes)", "is no expression"),
        ("rate(3 hours)", "is outside of what Secrets Manager takes"),
        ("rate(1000 days)", "is outside of what Secrets Manager takes"),
        ("rate(5000 days)", "is outside of what Secrets Manager takes"),
        ("cron(0 3 ? * SUN)", "has 5 fields"),
        ("cron(30 3 ? * SUN *)", "opens at minute '30'"),
        ("cron(0 3 ? * SUN 2027)", "names the year '2027'"),
        ("cron(0 3 ? * ? *)", r"has the days '\?' and '\?'"),
        ("cron(0 3 1 * SUN *)", "has the days '1' and 'SUN'"),
        ("cron(0 24 ? * SUN *)", "has the hours '24'"),
        ("cron(0 * ? * SUN *)", r"has the hours '\*'"),
        ("cron(0 0/2 * * ? *)", "repeats every 2 hours"),
        ("cron(0 1/22 * * ? *)", "leaves 2 hours from 23 o'clock"),
        ("cron(0 3 32 * ? *)", "has the day '32'"),
        ("cron(0 3 1 13 ? *)", "has the month '13'"),
        ("cron(0 3 1 ? ? *)", r"has the month '\?'"),
        ("cron(0 3 ? * FUNDAY *)", "has the week day 'FUNDAY'"),
    ],
)
def test_schedules_that_secrets_manager_refuses_are_refused_at_synth(expression: str, wrong: str) -> None:
    """The message names the expression, what is wrong with it, and what to write."""
    with pytest.raises(DeclarationError, match=rf"{wrong}.*: .*\.$") as refused:
        Schedule(expression)
    assert repr(expression) in str(refused.value)


@pytest.mark.parametrize(
    ("every", "expression"),
    [
        (Duration.hours(4), "rate(4 hours)"),
        (Duration.hours(30), "rate(30 hours)"),
        (Duration.hours(48), "rate(2 days)"),
        (Duration.days(1), "rate(1 day)"),
        (Duration.days(30), "rate(30 days)"),
    ],
)
def test_a_rate_is_written_in_days_where_it_is_days(every: Duration, expression: str) -> None:
    """Windows of a rate in days stay open for longer, so that unit is preferred."""
    assert Schedule.rate(every).expression == expression


@pytest.mark.parametrize("every", [Duration.minutes(300 + 1), Duration.seconds(90), Duration.millis(1)])
def test_a_rate_of_broken_hours_is_refused(every: Duration) -> None:
    """Secrets Manager counts in hours and days."""
    with pytest.raises(DeclarationError, match=r"rotation interval of .* choose whole hours or days"):
        Schedule.rate(every)


def test_a_calendar_by_week_day_leaves_the_day_of_the_month_open() -> None:
    """Exactly one of the two days is given."""
    assert Schedule.cron(hour=3, week_day="SUN#1").expression == "cron(0 3 ? * SUN#1 *)"


def test_a_calendar_by_day_leaves_the_week_day_open() -> None:
    """Exactly one of the two days is given."""
    assert Schedule.cron(hour=0, day="1", month="1,7").expression == "cron(0 0 1 1,7 ? *)"


def test_a_calendar_with_both_days_is_refused() -> None:
    """Secrets Manager takes a day of the month or a day of the week."""
    with pytest.raises(DeclarationError, match=r"day='1' and week_day='SUN' .*: give one"):
        Schedule.cron(hour=3, day="1", week_day="SUN")


@pytest.mark.parametrize(
    ("schedule", "expression"),
    [
        (Schedule.cron(), "cron(0 H * * ? *)"),
        (Schedule.cron(hour=range(1, 6), week_day="SUN#1"), "cron(0 H(1-5) ? * SUN#1 *)"),
        (Schedule.cron(hour=3, day="1"), "cron(0 3 1 * ? *)"),
    ],
)
def test_an_hour_is_fixed_or_one_of_many(schedule: Schedule, expression: str) -> None:
    """What has no hour gets one for each credential."""
    assert schedule.expression == expression


def test_credentials_that_share_a_schedule_rotate_at_different_hours() -> None:
    """Paired rotations at the same minute have taken production down before: they are spread over all hours."""
    schedule = Schedule.cron(week_day="SUN")
    hours = [schedule.staggered(f"Stack/Database{number}", None).expression for number in range(200)]
    assert len(set(hours)) == 24
    assert max(hours.count(hour) for hour in hours) < 20


def test_a_credential_keeps_its_hour() -> None:
    """Another one would change the schedule at each deployment."""
    schedule = Schedule.cron(hour=range(1, 6))
    assert schedule.staggered("Stack/Orders", 2) == schedule.staggered("Stack/Orders", 2)


@pytest.mark.parametrize("window", [1, 6, 23])
def test_a_window_ends_before_midnight_at_every_hour(window: int) -> None:
    """Hours at which it would not are not chosen."""
    for number in range(50):
        schedule = Schedule.cron().staggered(f"Stack/Database{number}", window)
        assert schedule.longest_window_hours >= window


def test_a_fixed_schedule_stays_as_it_is() -> None:
    """Nobody moves what was written down."""
    assert Schedule("cron(0 3 ? * SUN *)").staggered("anything", 2) == Schedule("cron(0 3 ? * SUN *)")
    assert Schedule("rate(7 days)").staggered("anything", None) == Schedule("rate(7 days)")


@pytest.mark.parametrize("hours", ["H(5-1)", "H(0-24)", "H()", "h", "H/4", "H(1)"])
def test_hours_that_are_none_are_refused(hours: str) -> None:
    """With how to write them."""
    with pytest.raises(DeclarationError, match=r"(has the hours|is no expression)"):
        Schedule(f"cron(0 {hours} * * ? *)")


@pytest.mark.parametrize("hour", [range(0), range(0, 24, 2), range(5, 1)])
def test_hours_that_are_not_in_a_row_are_refused(hour: range) -> None:
    """A range is a time of the day."""
    with pytest.raises(DeclarationError, match=r"has no hours in a row"):
        Schedule.cron(hour=hour)

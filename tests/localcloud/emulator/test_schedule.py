"""When a secret is due, and that the schedule itself rotates it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from localcloud.cloud import LocalCloud
from tests.support import emulated
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

FIVE_HOURS = 5 * 3600


@pytest.fixture(scope="module")
def movable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """Run a local cloud whose clock these tests may move."""
    with LocalCloud.start(tmp_path_factory.mktemp("schedule") / "cloud") as running:
        yield running


def midnight(days: int) -> datetime:
    """Return the beginning of a day in UTC, counted from today."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=days)


def next_first_of_month() -> datetime:
    """Return the beginning of the next first day of a month in UTC."""
    return (midnight(0).replace(day=28) + timedelta(days=4)).replace(day=1)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({"AutomaticallyAfterDays": 10}, lambda: midnight(11)),
        ({"ScheduleExpression": "rate(10 days)"}, lambda: midnight(11)),
        ({"ScheduleExpression": "rate(10 days)", "Duration": "3h"}, lambda: midnight(10) + timedelta(hours=3)),
        (
            {"ScheduleExpression": "cron(0 16 1 * ? *)", "Duration": "2h"},
            lambda: next_first_of_month() + timedelta(hours=18),
        ),
        ({"ScheduleExpression": "cron(0 0 1 * ? *)"}, lambda: next_first_of_month() + timedelta(days=1)),
    ],
    ids=["days", "rate", "rate and window", "cron and window", "cron"],
)
def test_the_next_rotation_date_is_the_end_of_the_next_window(cloud: LocalCloud, rules: Any, expected: Any) -> None:
    """NextRotationDate is when the secret is rotated at the latest; windows in days end with the UTC day by default."""
    secret = emulated.create_secret(cloud)
    emulated.rotate(cloud, secret, emulated.rotation_function(cloud, secret), RotationRules=rules)
    assert cloud.client("secretsmanager").describe_secret(SecretId=secret)["NextRotationDate"] == expected()


def test_a_schedule_in_hours_has_a_window_of_one_hour(cloud: LocalCloud) -> None:
    """The window of rate(6 hours) starts six hours from now on the hour and ends an hour later."""
    secret = emulated.create_secret(cloud)
    rules = {"ScheduleExpression": "rate(6 hours)"}
    before = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=7)
    emulated.rotate(cloud, secret, emulated.rotation_function(cloud, secret), RotationRules=rules)
    due = cloud.client("secretsmanager").describe_secret(SecretId=secret)["NextRotationDate"]
    assert due in (before, before + timedelta(hours=1))  # the hour may have ended in between


def test_a_secret_is_rotated_by_its_schedule_again_and_again(movable: LocalCloud) -> None:
    """When the window begins, the service rotates without being asked, and plans the next window."""
    secret = emulated.create_secret(movable)
    rules = {"ScheduleExpression": "rate(4 hours)"}
    first = emulated.rotate(movable, secret, emulated.rotation_function(movable, secret), RotationRules=rules)
    emulated.ended(movable, first)
    for count in (2, 3):
        movable.advance_clock(FIVE_HOURS)
        assert eventually(lambda count=count: len(movable.rotations()) == count)  # type: ignore[misc]
        assert emulated.ended(movable, movable.rotations()[-1].version_id).outcome == "succeeded"


def test_a_window_in_which_no_rotation_can_start_is_not_the_last(movable: LocalCloud) -> None:
    """While a rotation is under way, the schedule passes the window over and plans the next one."""
    secret, api = emulated.create_secret(movable), movable.client("secretsmanager")
    movable.hold_rotation(after_step="createSecret", seconds=60, secret_id=secret)
    rules = {"ScheduleExpression": "rate(4 hours)"}
    emulated.rotate(movable, secret, emulated.rotation_function(movable, secret), RotationRules=rules)
    before = api.describe_secret(SecretId=secret)["NextRotationDate"]
    movable.advance_clock(FIVE_HOURS)
    assert eventually(lambda: api.describe_secret(SecretId=secret).get("NextRotationDate", before) > before)
    assert [record.attempts for record in movable.rotations() if record.secret_arn == secret] == [1]


def test_a_cancelled_secret_is_not_rotated_any_more(movable: LocalCloud) -> None:
    """The schedule forgets a secret whose rotation was cancelled, while another one is still rotated."""
    cancelled, kept = emulated.create_secret(movable), emulated.create_secret(movable)
    rules = {"ScheduleExpression": "rate(4 hours)"}
    for secret in (cancelled, kept):
        function = emulated.rotation_function(movable, secret)
        emulated.ended(movable, emulated.rotate(movable, secret, function, RotationRules=rules))
    movable.client("secretsmanager").cancel_rotate_secret(SecretId=cancelled)
    movable.advance_clock(FIVE_HOURS)

    def rotated() -> list[str]:
        return [record.secret_arn for record in movable.rotations()]

    assert eventually(lambda: rotated().count(kept) == 2)
    assert rotated().count(cancelled) == 1

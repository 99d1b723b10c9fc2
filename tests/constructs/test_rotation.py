from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aws_cdk import Duration

from rotating_rds import DeclarationError, Rotation, Schedule
from tests.support.declarations import new_declaration

if TYPE_CHECKING:
    from tests.support.templates import Template

ROTATION = "AWS::SecretsManager::RotationSchedule"


def test_a_credential_rotates_every_30_days_by_default(defaults: Template) -> None:
    """Nobody has to ask for rotation."""
    assert defaults.properties(ROTATION)["RotationRules"] == {"ScheduleExpression": "rate(30 days)"}


def test_no_deployment_rotates_by_surprise(defaults: Template) -> None:
    """The first rotation waits for its window, unless the declaration says otherwise."""
    assert defaults.properties(ROTATION)["RotateImmediatelyOnUpdate"] is False


def test_the_schedule_comes_after_all_that_a_rotation_needs(defaults: Template) -> None:
    """Secrets Manager invokes the function at once: permission, role and every rule of the network come before."""
    waits_for = defaults.depends_on(ROTATION)
    rules = defaults.of_type("AWS::EC2::SecurityGroupIngress") | defaults.of_type("AWS::EC2::SecurityGroupEgress")
    of_others = {rule for rule in rules if "ProbeFunction" in rule}
    assert rules.keys() > of_others
    assert waits_for >= {
        "Orders/InvokePermission",
        "Orders/RotationFunction",
        "Orders/RotationFunction/Role/DefaultPolicy",
        "Vpc/SecretsManager",
        *(rules.keys() - of_others),
    }


def test_the_schedule_is_for_the_attached_secret(defaults: Template) -> None:
    """By referring to the attachment it waits until the value holds host and port."""
    schedule = defaults.properties(ROTATION)
    assert schedule["SecretId"] == "${Orders/Secret/Attachment}"
    assert schedule["RotationLambdaARN"] == "${Orders/RotationFunction.Arn}"


def test_schedule_and_window_reach_the_template() -> None:
    """GIVEN a calendar and a window, THEN the rules hold both."""
    declaration = new_declaration()
    declaration.database(
        rotation=Rotation.single_user(
            schedule=Schedule.cron(hour=2, week_day="SUN"), window=Duration.hours(3), rotate_immediately=True
        )
    )
    schedule = declaration.template().properties(ROTATION)
    assert schedule["RotationRules"] == {"ScheduleExpression": "cron(0 2 ? * SUN *)", "Duration": "3h"}
    assert schedule["RotateImmediatelyOnUpdate"] is True


def test_an_interval_and_a_schedule_at_once_are_refused() -> None:
    """One of the two would be ignored."""
    with pytest.raises(DeclarationError, match=r"every 7 days and by 'rate\(1 day\)' at once .*: give every= or"):
        Rotation.single_user(every=Duration.days(7), schedule=Schedule("rate(1 day)"))


@pytest.mark.parametrize(
    ("expression", "hours", "longest"),
    [
        ("rate(30 days)", 25, 24),
        ("rate(4 hours)", 5, 4),
        ("cron(0 22 ? * SUN *)", 3, 2),
        ("cron(0 2/10 * * ? *)", 3, 2),
        ("rate(30 days)", 0, 24),
    ],
)
def test_a_window_that_crosses_midnight_or_the_next_one_is_refused(expression: str, hours: int, longest: int) -> None:
    """The message names window, schedule and the longest window that fits."""
    with pytest.raises(DeclarationError, match=rf"of {hours} hours does not fit .*: choose 1 to {longest} hours"):
        Rotation.single_user(schedule=Schedule(expression), window=Duration.hours(hours))


def test_a_window_of_broken_hours_is_refused() -> None:
    """Windows are whole hours."""
    with pytest.raises(DeclarationError, match=r"rotation window of 1 hour 30 minutes .* whole hours"):
        Rotation.single_user(window=Duration.minutes(90))


@pytest.mark.parametrize("every", [Duration.hours(3), Duration.days(1000)])
def test_an_interval_outside_of_the_service_limits_is_refused(every: Duration) -> None:
    """4 hours to 999 days."""
    with pytest.raises(DeclarationError, match="choose 4 hours to 999 days"):
        Rotation.single_user(every=every)

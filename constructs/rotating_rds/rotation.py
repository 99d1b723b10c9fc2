"""How and when a credential rotates."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_secretsmanager as secretsmanager

from rotating_rds.errors import DeclarationError
from rotating_rds.schedule import Schedule, whole_hours

_DEFAULT_SCHEDULE = Schedule("rate(30 days)")


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """A strategy with its schedule; made by a factory such as :meth:`single_user`.

    :param strategy: who changes the password, as the rotation function knows it.
    :param schedule: when windows open.
    :param window_hours: how long a window stays open; see :meth:`single_user`.
    :param rotate_immediately: whether a deployment that touches the schedule rotates at once.
    """

    strategy: str
    schedule: Schedule
    window_hours: int | None
    rotate_immediately: bool

    def __post_init__(self) -> None:
        longest = self.schedule.longest_window_hours
        if self.window_hours is not None and not 1 <= self.window_hours <= longest:
            raise DeclarationError(
                f"A rotation window of {self.window_hours} hours does not fit {self.schedule.expression!r}, since it "
                f"must end before midnight UTC and before the next one opens: choose 1 to {longest} hours."
            )

    @classmethod
    def single_user(
        cls,
        *,
        every: Duration | None = None,
        schedule: Schedule | None = None,
        window: Duration | None = None,
        rotate_immediately: bool = False,
    ) -> Rotation:
        """Return the strategy by which a user changes its own password: for the master, or with a retrying client.

        Open sessions stay; between setSecret and finishSecret new logins succeed with the new password only.

        :param every: fixed interval, 4 hours to 999 days; 30 days unless this or *schedule* is given.
        :param schedule: a :class:`Schedule` instead of *every*.
        :param window: whole hours after a window opens in which the rotation starts; until the end of the day (UTC) for
            schedules in days and one hour for schedules in hours, unless given.
        :param rotate_immediately: rotate at each deployment that creates or changes the schedule, and not only within
            windows; no unless given.
        :raises DeclarationError: if Secrets Manager would refuse the combination.
        """
        if every is not None and schedule is not None:
            raise DeclarationError(
                f"A rotation every {every.to_human_string()} and by {schedule.expression!r} at once is refused by "
                "Secrets Manager: give every= or schedule=."
            )
        return cls(
            strategy="single_user",
            schedule=schedule or (Schedule.rate(every) if every else _DEFAULT_SCHEDULE),
            window_hours=whole_hours(window, "rotation window") if window is not None else None,
            rotate_immediately=rotate_immediately,
        )

    def rules(self) -> secretsmanager.CfnRotationSchedule.RotationRulesProperty:
        """Return the rules as CloudFormation takes them."""
        return secretsmanager.CfnRotationSchedule.RotationRulesProperty(
            schedule_expression=self.schedule.expression,
            duration=f"{self.window_hours}h" if self.window_hours is not None else None,
        )

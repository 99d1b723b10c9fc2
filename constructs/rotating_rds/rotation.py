"""How and when a credential rotates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict, Unpack

from aws_cdk import aws_secretsmanager as secretsmanager

from rotating_rds import contract
from rotating_rds.errors import DeclarationError
from rotating_rds.schedule import Schedule, whole_hours
from rotating_rds.strategy import AdminReset, AlternatingUsers, ManagedByRds, SingleUser, Strategy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import Duration

_DEFAULT_SCHEDULE = Schedule("rate(30 days)")


class When(TypedDict, total=False):
    """When a credential rotates, and how that is tested; what every factory of :class:`Rotation` takes.

    :param every: fixed interval, 4 hours to 999 days; 30 days unless this or *schedule* is given. Secrets Manager
        chooses the moment within the window, so that databases do not rotate all at once.
    :param schedule: a :class:`Schedule` instead of *every*.
    :param window: whole hours after a window opens in which the rotation starts; until the end of the day (UTC) for
        schedules in days and one hour for schedules in hours, unless given.
    :param rotate_immediately: rotate at each deployment that creates or changes the schedule, and not only within
        windows; no unless given.
    :param test_query: what testSecret runs as the user, so that a rotation fails before a user without its privileges
        gets to work; a harmless query unless given.
    """

    every: Duration | None
    schedule: Schedule | None
    window: Duration | None
    rotate_immediately: bool
    test_query: str | None


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """A strategy with its schedule; made by a factory such as :meth:`single_user`.

    :param strategy: who changes the password.
    :param schedule: when windows open.
    :param window_hours: how long a window stays open; see :class:`When`.
    :param rotate_immediately: whether a deployment that touches the schedule rotates at once.
    :param test_query: what testSecret runs; a harmless query where None.
    """

    strategy: Strategy
    schedule: Schedule
    window_hours: int | None
    rotate_immediately: bool
    test_query: str | None = None

    def __post_init__(self) -> None:
        longest = self.schedule.longest_window_hours
        if self.window_hours is not None and not 1 <= self.window_hours <= longest:
            raise DeclarationError(
                f"A rotation window of {self.window_hours} hours does not fit {self.schedule.expression!r}, since it "
                f"must end before midnight UTC and before the next one opens: choose 1 to {longest} hours."
            )

    @classmethod
    def single_user(cls, **when: Unpack[When]) -> Rotation:
        """Return the strategy by which a user changes its own password: for the master, or with a retrying client.

        Open sessions stay; between setSecret and finishSecret new logins succeed with the new password only.

        :param when: see :class:`When`; every 30 days unless given.
        :raises DeclarationError: if Secrets Manager would refuse the combination.
        """
        return cls._of(SingleUser(), when)

    @classmethod
    def admin_reset(cls, *, retain_for: Duration | None = None, **when: Unpack[When]) -> Rotation:
        """Return the strategy by which the master changes a user's password, whatever it is by now.

        On MySQL the old password goes on logging in for a while: nothing fails during a rotation.

        :param retain_for: how long after a rotation it does; MySQL only, a day unless given. Zero ends it with the
            rotation.
        :param when: see :class:`When`; every 30 days unless given.
        :raises DeclarationError: if Secrets Manager would refuse the combination.
        """
        return cls._of(AdminReset(None if retain_for is None else int(retain_for.to_seconds())), when)

    @classmethod
    def alternating_users(
        cls,
        *,
        suffix: str = "_clone",
        alternate_username: str | None = None,
        provisioned: bool = False,
        **when: Unpack[When],
    ) -> Rotation:
        """Return the strategy by which two logins take turns: zero downtime on every engine.

        Applications read the user name from the secret, for it changes with each rotation.

        :param suffix: what the second login's name adds to the first's; `_clone` unless given.
        :param alternate_username: the second login's whole name, instead.
        :param provisioned: both logins are made and kept equal by somebody else, and a difference fails the rotation;
            no unless given, when the rotation makes the second and keeps it equal.
        :param when: see :class:`When`; every 30 days unless given.
        :raises DeclarationError: if Secrets Manager would refuse the combination.
        """
        return cls._of(AlternatingUsers(suffix, alternate_username, provisioned), when)

    @classmethod
    def managed_by_rds(cls) -> Rotation:
        """Return what leaves a master credential to RDS, which rotates it every 7 days by itself.

        The secret holds user name and password only, its schedule is changed in Secrets Manager, and there are no
        alarms of this library for it. Users of the database rotate as ever, with this master as administrator. Source:
        "Password management with Amazon RDS and AWS Secrets Manager" in the RDS User Guide.
        """
        return cls._of(ManagedByRds(), {})

    @property
    def is_ours(self) -> bool:
        """Whether the rotation function of this library rotates the credential."""
        return not isinstance(self.strategy, ManagedByRds)

    @classmethod
    def _of(cls, strategy: Strategy, when: When) -> Rotation:
        every, schedule, window = when.get("every"), when.get("schedule"), when.get("window")
        if every is not None and schedule is not None:
            raise DeclarationError(
                f"A rotation every {every.to_human_string()} and by {schedule.expression!r} at once is refused by "
                "Secrets Manager: give every= or schedule=."
            )
        return cls(
            strategy=strategy,
            schedule=schedule or (Schedule.rate(every) if every is not None else _DEFAULT_SCHEDULE),
            window_hours=whole_hours(window, "rotation window") if window is not None else None,
            rotate_immediately=when.get("rotate_immediately", False),
            test_query=when.get("test_query"),
        )

    def tags(self, username: str) -> Mapping[str, str]:
        """Return what the tags of a user's secret say about its rotation."""
        query = {} if self.test_query is None else {contract.TEST_QUERY_TAG: contract.tag_encode(self.test_query)}
        return {contract.STRATEGY_TAG: self.strategy.name, **self.strategy.tags(username), **query}

    def rules(self, path: str) -> secretsmanager.CfnRotationSchedule.RotationRulesProperty:
        """Return the rules as CloudFormation takes them.

        :param path: of the credential, by which a schedule without an hour finds one.
        """
        return secretsmanager.CfnRotationSchedule.RotationRulesProperty(
            schedule_expression=self.schedule.staggered(path, self.window_hours).expression,
            duration=f"{self.window_hours}h" if self.window_hours is not None else None,
        )

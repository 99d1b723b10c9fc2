"""Whether credentials are what their users need: log in, are young enough, and left nothing of older ones behind."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from rotating_rds_function.domain.errors import (
    AuthenticationError,
    BadEventError,
    MidRotationError,
    RefusedError,
    RotationError,
    WrongStateError,
)
from rotating_rds_function.domain.patience import persist
from rotating_rds_function.domain.staged import SecretValues
from rotating_rds_function.domain.strategies.logins import log_in_as_administrator
from rotating_rds_function.domain.versions import AWSCURRENT, AWSPENDING
from rotating_rds_function.domain.wording import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotating_rds_function.domain.patience import Deadline
    from rotating_rds_function.domain.ports import Clock, Database, SecretStore
    from rotating_rds_function.domain.targets import Deployment, Target
    from rotating_rds_function.domain.versions import SecretDescription

_HOUR: Final = 3600.0
_DAY: Final = 86_400.0

_T = TypeVar("_T")


class ProbeRequest(NamedTuple):
    """Which credentials to look at.

    :param secret_ids: ARNs of secrets.
    """

    secret_ids: tuple[str, ...]

    @classmethod
    def parse(cls, event: object) -> ProbeRequest:
        """Read the event of an invocation: `{"secrets": [ARN, ...]}`.

        :raises BadEventError: if it is something else.
        """
        secrets = event.get("secrets") if isinstance(event, dict) else None
        if not isinstance(secrets, list) or not secrets or not all(isinstance(each, str) and each for each in secrets):
            raise BadEventError(
                f"The event names {shown(str(secrets))} as its secrets, which is no list of ARNs: "
                'invoke the probe with {"secrets": ["arn:...", ...]}.'
            )
        return cls(tuple(dict.fromkeys(secrets)))


@dataclass(frozen=True)
class Health:
    """What was found out about one credential; what could not be is None.

    :param target: what the deployment says about it.
    :param failure: why AWSCURRENT does not log in.
    :param unexamined: why the examination is not complete.
    :param rotated_days: since the last rotation, or since the secret was made.
    :param overdue_hours: since the rotation was due that has not happened; since it was switched off, if it is off.
    :param pending_hours: since the version was made that an unfinished rotation left AWSPENDING.
    :param differences: between the two logins of a pair.
    :param retained_hours: since the old password should have ended, which could not be discarded.
    :param certificate_days: until the first certificate ends that proves the server's identity.
    """

    secret_id: str
    target: Target | None = None
    failure: RotationError | None = None
    unexamined: RotationError | None = None
    rotated_days: float | None = None
    overdue_hours: float | None = None
    pending_hours: float | None = None
    differences: tuple[str, ...] | None = None
    retained_hours: float | None = None
    certificate_days: float | None = None


@dataclass(frozen=True)
class Probe:
    """Examines credentials. Changes nothing but one thing: it discards an old password whose time is over.

    :param store: where secrets live.
    :param deployment: what may be probed.
    :param connect: opens the database of a target.
    """

    store: SecretStore
    deployment: Deployment
    connect: Callable[[Target], Database]
    clock: Clock
    deadline: Deadline

    def examine(self, secret_id: str) -> Health:
        """Find out about one credential as much as can be; never raises what a rotation would."""
        health = Health(secret_id)
        try:
            description = self.store.describe(secret_id)
            target = self.deployment.target(description.tags)
            health = self._with_ages(replace(health, target=target), description)
        except RotationError as error:
            return replace(health, unexamined=error)
        examination = _Examination(self, description, SecretValues(self.store, secret_id, target), self.connect(target))
        health = examination.log_in(health)
        try:
            return examination.administer(health)
        except RotationError as error:
            return replace(health, unexamined=health.unexamined or error)

    def _with_ages(self, health: Health, description: SecretDescription) -> Health:
        times = description.times
        since = times.due if description.rotation_enabled else times.changed
        pending = description.holder_of(AWSPENDING)
        left = pending is not None and pending != description.holder_of(AWSCURRENT)
        made = self.store.made(health.secret_id, pending) if left and pending is not None else None
        return replace(
            health,
            rotated_days=_age(times.asked, times.rotated or times.created, _DAY),
            overdue_hours=_age(times.asked, since, _HOUR) or 0.0,
            pending_hours=_age(times.asked, made, _HOUR) or 0.0,
        )


@dataclass(frozen=True)
class _Examination:
    """One credential while its database is asked."""

    probe: Probe
    description: SecretDescription
    values: SecretValues
    database: Database

    def log_in(self, health: Health) -> Health:
        """Find out whether AWSCURRENT logs in, and for how long its server can prove who it is."""
        try:
            self._persist(self.values.current)
        except (WrongStateError, RefusedError) as error:
            return replace(health, failure=error)  # no application can use it either
        except RotationError as error:
            return replace(health, unexamined=error)  # which may be the probe's trouble alone
        try:
            until = self._persist(self._try_login)
        except RotationError as error:
            return replace(health, failure=error)
        return replace(health, certificate_days=(until - self.description.times.asked) / _DAY)

    def _persist(self, attempt: Callable[[], _T]) -> _T:
        return persist(attempt, clock=self.probe.clock, deadline=self.probe.deadline)

    def _try_login(self) -> float:
        value = self.values.current()
        try:
            session = self.database.login(value.username, value.password)
        except AuthenticationError as error:
            if self.values.is_rotating():
                raise MidRotationError(str(error)) from None
            raise
        with closing(session):
            session.verify(self.values.target.test_query)
            return session.trusted_until()

    def administer(self, health: Health) -> Health:
        """Find out, as the administrator, what the user cannot tell: nothing while a rotation is at work on it."""
        target, rotated = self.values.target, self.description.times.rotated
        if self.values.is_rotating():
            return health
        if target.alternate_username is not None:
            return replace(health, differences=self._differences())
        retains = target.administrator is not None and self.database.retains_passwords
        due = None if rotated is None or not retains else rotated + target.retain_for
        if due is None or self.description.times.asked < due:
            return health
        try:
            self._discard_retained()
        except RotationError as error:
            hours = (self.description.times.asked - due) / _HOUR
            return replace(health, retained_hours=hours, unexamined=health.unexamined or error)
        return replace(health, retained_hours=0.0)

    def _differences(self) -> tuple[str, ...]:
        with closing(log_in_as_administrator(self.database, self.values.administrator())) as session:
            current = self.values.named(self.values.target.logins)
            if current is None:
                return ()  # which log_in() has told about
            pair = self.values.target.pair(model=current)
            # The second login is made by the first rotation.
            return tuple(session.differences(pair)) if session.exists(pair.twin) else ()

    def _discard_retained(self) -> None:
        username = self.values.target.username
        with closing(log_in_as_administrator(self.database, self.values.administrator())) as session:
            session.refuse_protected(username)
            session.lock(username)
            # Under the lock: what a rotation begun since retains is not what is discarded here.
            if not self.values.is_rotating():
                session.discard_retained(username)


def _age(asked: float, since: float | None, unit: float) -> float | None:
    return None if since is None else max(0.0, asked - since) / unit

"""Users that a deployment declares: made, changed and removed, written against ports only.

CloudFormation sends a request again where it heard no answer, and people deploy again: every request may die at any
point and be repeated.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from rotating_rds_function.domain.access import UserAccess
from rotating_rds_function.domain.declarations import Removal
from rotating_rds_function.domain.errors import AuthenticationError, NotReadyError, RefusedError, WrongStateError
from rotating_rds_function.domain.patience import Deadline, persist
from rotating_rds_function.domain.requests import Kind, ProvisionRequest
from rotating_rds_function.domain.staged import SecretValues
from rotating_rds_function.domain.strategies.logins import log_in_as_administrator, login, logs_in
from rotating_rds_function.domain.targets import Pair
from rotating_rds_function.domain.wording import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rotating_rds_function.domain.credentials import SecretValue
    from rotating_rds_function.domain.declarations import Declaration
    from rotating_rds_function.domain.ports import Clock, Database, DatabaseSession, SecretStore
    from rotating_rds_function.domain.progress import Progress
    from rotating_rds_function.domain.targets import Deployment, Target


class ProvisionOutcome(StrEnum):
    """How a request ended, other than by an error."""

    SUCCEEDED = "succeeded"
    RETAINED = "retained"
    """The declaration is gone, and said that the user stays."""
    TAKEN_OVER = "taken_over"
    """The declaration is gone, and the user stays, for it is another secret's by now."""


@dataclass(frozen=True)
class Provisioning:
    """Carries out requests.

    :param store: where secrets live.
    :param deployment: which databases there are.
    :param connect: opens the database of a target.
    """

    store: SecretStore
    deployment: Deployment
    connect: Callable[[Target], Database]
    clock: Clock
    deadline: Deadline

    def run(self, request: ProvisionRequest, progress: Progress) -> ProvisionOutcome:
        """Carry out a request, repeating it while a repetition may help and time is left.

        :raises RotationError: with the cause of the last failure.
        """
        user = request.user
        if user is None:
            return ProvisionOutcome.RETAINED
        return persist(lambda: self._attempt(request, user, progress), clock=self.clock, deadline=self.deadline)

    def _attempt(self, request: ProvisionRequest, user: Declaration, progress: Progress) -> ProvisionOutcome:
        progress.attempts += 1
        target = progress.target = self.deployment.declared(user)
        values = SecretValues(self.store, user.secret_id, target)
        return _KINDS[request.kind](_Work(request, user, values, self.connect(target)))


@dataclass(frozen=True)
class _Work:
    """One request and what it works on."""

    request: ProvisionRequest
    user: Declaration
    values: SecretValues
    database: Database

    @property
    def target(self) -> Target:
        return self.values.target

    def administer(self) -> DatabaseSession:
        """Return a session of the administrator, once it is sure that nobody is concerned whom it must not touch."""
        session = log_in_as_administrator(self.database, self.values.administrator())
        try:
            for name in (*self.target.logins, *filter(None, (self.user.owner, self.target.access_role))):
                session.refuse_protected(name)
            session.check_administrator(self.target.username, None)
            session.lock(self.target.username)
        except BaseException:
            session.close()
            raise
        return session

    def access(self, logins: Iterable[str]) -> UserAccess:
        """Return what the user may do, by these logins."""
        return UserAccess(
            self.user.owner, self.target.access_role, tuple(logins), self.user.schemas, self.user.statements
        )

    def in_use_first(self, in_use: str | None) -> list[str]:
        """Return the logins, that of AWSCURRENT first."""
        return sorted(self.target.logins, key=lambda name: name != in_use)


def _provide(work: _Work) -> ProvisionOutcome:
    """Make the user what it is declared to be, its password last.

    The login of AWSCURRENT is the one that must exist:

    =====================================  ==================================================================
    it is missing, or half made            made locked, given its privileges, then the password
    it logs in                             its privileges are changed; the password is not touched
    it does not, and a rotation is under   waited for: AWSPENDING may be live, and would be lost
    way
    it does not                            it gets the password; the other login of a pair is shut out until its
                                           turn: whoever knows that password, this secret does not
    somebody has locked it                 WrongStateError: whoever did that meant it
    =====================================  ==================================================================
    """
    _check_value(work)
    with closing(work.administer()) as session:
        current = work.values.current()
        access = work.access(work.in_use_first(current.username))
        _give_up(work, session, current)
        if session.provision(access):
            session.replace_password(current.username, current.password)
        elif logs_in(work.database, current):
            session.commit()
        else:
            _replace_password(work, session, current, access.logins[1:])
    _prove(work)
    return ProvisionOutcome.SUCCEEDED


def _check_value(work: _Work) -> None:
    """Hold the value against the declaration before anything connects.

    :raises RefusedError: if it is about somebody else.
    """
    former = work.request.former_login
    if former is not None and work.values.named([former]):
        raise RefusedError(
            f"The AWSCURRENT value names the login {shown(former)}, which the declaration of the user "
            f"{shown(work.target.username)} no longer has: rotate the secret with RotateSecret, after which it names "
            "the other login of the pair, then deploy again."
        )
    work.values.current()


def _give_up(work: _Work, session: DatabaseSession, current: SecretValue) -> None:
    """End the login that the declaration no longer has, if it is one of the pair that the user was.

    Equal to the user's other login is what only such a login is: on some engines nothing else tells it from a user of
    somebody else with that name.
    """
    former, access_role = work.request.former_login, work.target.access_role
    if former is None or not session.exists(former) or not session.exists(current.username):
        return
    if session.differences(Pair(current.username, former, access_role)):
        return
    session.refuse_protected(former)
    if work.user.removal is Removal.DROP:
        session.remove(UserAccess(work.user.owner, "", (former,)))
    else:
        session.shut_out(former)


def _replace_password(work: _Work, session: DatabaseSession, current: SecretValue, others: tuple[str, ...]) -> None:
    _wait_for_rotation(work)
    for other in others:
        if session.exists(other):
            session.shut_out(other)
    session.replace_password(current.username, current.password)


def _prove(work: _Work) -> None:
    """Log in as applications will."""
    session = login(work.database, work.values.current())
    if session is None:
        _wait_for_rotation(work)
        raise AuthenticationError(
            f"The user {shown(work.target.username)} was provisioned, and its AWSCURRENT value does not log in: find "
            "out who changed secret or database meanwhile, then deploy again."
        )
    with closing(session):
        session.verify(None)


def _wait_for_rotation(work: _Work) -> None:
    """Make sure that no rotation is under way.

    :raises NotReadyError: if one is.
    """
    if work.values.is_rotating():
        raise NotReadyError(
            "The AWSCURRENT value does not log in while a rotation of the secret is under way: wait until it has "
            "ended; if it has failed, rotate again with RotateSecret; then deploy again."
        )


def _remove(work: _Work) -> ProvisionOutcome:
    """Drop the user, unless it is another secret's by now.

    Who moves a declaration within an app has CloudFormation make the user anew, with another secret, and delete the
    old declaration afterwards: its value then names a user whom it no longer logs in.
    """
    with closing(work.administer()) as session:
        in_use = _named_login(work)
        if in_use is not None and _is_taken_over(work, session):
            return ProvisionOutcome.TAKEN_OVER
        # The login in use comes last, so that a repetition finds that the user is still this secret's.
        session.remove(work.access(reversed(work.in_use_first(in_use))))
        session.commit()
    return ProvisionOutcome.SUCCEEDED


def _named_login(work: _Work) -> str | None:
    try:
        return work.values.named(work.target.logins)
    except WrongStateError:
        return None  # the secret is gone, or about to be


def _is_taken_over(work: _Work, session: DatabaseSession) -> bool:
    current = work.values.current()
    if not session.exists(current.username) or logs_in(work.database, current):
        return False
    _wait_for_rotation(work)
    return True


_KINDS: Final[Mapping[Kind, Callable[[_Work], ProvisionOutcome]]] = MappingProxyType(
    {Kind.CREATE: _provide, Kind.UPDATE: _provide, Kind.DELETE: _remove}
)

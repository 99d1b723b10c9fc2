"""Functions that are wrong in one way each, which suites must notice: one that finds nothing proves nothing."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from rotating_rds_function.domain.strategies import STRATEGIES
from rotating_rds_function.domain.strategies.alternating_users import AlternatingUsers
from rotating_rds_function.domain.strategies.logins import log_in_as_administrator, login
from rotating_rds_function.domain.strategies.single_user import SingleUser
from tests.support.fake_secret_store import FakeSecretStore
from tests.support.faults.mortal_database import MortalSession

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotating_rds_function.domain.ports import Database
    from rotating_rds_function.domain.staged import StagedValues
    from rotating_rds_function.domain.strategies import Strategy


class NoRollForward(SingleUser):
    """Knows AWSCURRENT's login only: what an earlier run has set already is not recognised."""

    def set_password(self, values: StagedValues, database: Database) -> None:
        """Leave out the recovery."""
        current = values.current()
        with closing(database.login(current.username, current.password)) as session:
            session.lock(values.target.username)
            session.replace_password(values.target.username, values.pending().password)


class ReadBeforeTheLock(SingleUser):
    """Reads the pending value, waits for the lock, and sets what may have lost its label."""

    def set_password(self, values: StagedValues, database: Database) -> None:
        """Look at the label before the lock only."""
        pending = values.pending()
        for value in (values.current(), pending, values.previous()):
            session = login(database, value)
            if session is not None:
                with closing(session):
                    session.lock(values.target.username)
                    session.replace_password(values.target.username, pending.password)
                return
        super().set_password(values, database)


class PasswordBeforeGrants(AlternatingUsers):
    """Sets the twin's password before the twin may do what the model may."""

    def set_password(self, values: StagedValues, database: Database) -> None:
        """Do it in the wrong order, where there is a twin already."""
        current, pending = values.current(), values.pending()
        pair = values.target.pair(model=current.username)
        with closing(log_in_as_administrator(database, values.administrator())) as session:
            if not session.differences(pair) or any("exist" in clause for clause in session.differences(pair)):
                super().set_password(values, database)
                return
            session.lock(values.target.username)
            session.replace_password(pair.twin, pending.password)
            session.lock(values.target.username)
            session.prepare_twin(pair)
            session.replace_password(pair.twin, pending.password)


class ForgetfulRetain(MortalSession):
    """Retains whatever the password is by now, as `RETAIN CURRENT PASSWORD` alone does."""

    def replace_password(self, username: str, password: str, *, keep: str | None = None) -> None:
        """Ignore which one was to be kept."""
        primary = self._database.passwords.get(username)
        super().replace_password(username, password, keep=None if keep is None else primary)


class LocklessSession(MortalSession):
    """Shares the lock with everybody."""

    def lock(self, username: str) -> None:
        """Take it off whoever has it."""
        self._database.locks.pop(username, None)
        super().lock(username)


class StripsAnyPending(FakeSecretStore):
    """Takes AWSPENDING off whichever version carries it."""

    def move_label(self, secret_id: str, *, label: str, source: str | None, destination: str | None) -> None:
        """Forget the condition when a label comes off."""
        super().move_label(
            secret_id,
            label=label,
            source=source if destination is not None else self._holder(label),
            destination=destination,
        )


@dataclass(frozen=True)
class Variant:
    """A broken function.

    :param strategy: by which it rotates.
    :param replacement: of the strategy.
    :param session_class: what its session is.
    :param store_class: what its store is.
    :param retains_passwords: whether its database has secondary passwords.
    :param retain_for: seconds.
    """

    strategy: str
    replacement: Strategy | None = None
    session_class: type[MortalSession] = MortalSession
    store_class: type[FakeSecretStore] = FakeSecretStore
    retains_passwords: bool = False
    retain_for: int = 86_400

    @property
    def strategies(self) -> Mapping[str, Strategy]:
        """The strategies of the broken function."""
        return {**STRATEGIES, **({self.strategy: self.replacement} if self.replacement else {})}


VARIANTS: Final[Mapping[str, Variant]] = MappingProxyType(
    {
        "no roll-forward": Variant("single_user", NoRollForward()),
        "pending read before the lock": Variant("single_user", ReadBeforeTheLock()),
        "password before grants": Variant("alternating_users", PasswordBeforeGrants()),
        "RETAIN that is not idempotent": Variant("admin_reset", session_class=ForgetfulRetain, retains_passwords=True),
        "AWSPENDING taken off any version": Variant("single_user", store_class=StripsAnyPending),
        "no lock": Variant("admin_reset", session_class=LocklessSession, retains_passwords=True, retain_for=0),
    }
)
"""Broken functions by what is wrong with them."""

"""Two logins of one user take turns."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final

from rotating_rds_function.domain.errors import PrivilegeError, RefusedError
from rotating_rds_function.domain.strategies.logins import log_in_as_administrator, try_pending

if TYPE_CHECKING:
    from rotating_rds_function.domain.credentials import SecretValue
    from rotating_rds_function.domain.ports import Database, DatabaseSession
    from rotating_rds_function.domain.staged import StagedValues
    from rotating_rds_function.domain.targets import Pair, Target

_MOST_NAMED = 10


class AlternatingUsers:
    """Two logins of one user take turns: the new password is given to the one that nobody uses.

    The login of AWSCURRENT, the model, is never touched, so that it goes on logging in at every point. The other one,
    its twin, is made equal first and gets its password last:

    =====================================  ==================================================================
    the twin is missing                    made locked, made equal, then given the pending password
    the twin is there, equal or not        made equal, then given the pending password
    the model is missing (an old snapshot  made locked after the twin's example; its turn comes with the next
    was restored)                          rotation
    AWSPENDING logs in                     the same again, which changes nothing
    AWSCURRENT does not log in             the same: the rotation repairs it by moving to the twin
    the pair is provisioned and unequal    PrivilegeError that names the differences; nothing is changed
    AWSPENDING names the model             RefusedError: somebody wrote a value by hand between the steps
    AWSPENDING moved to another version    the run was held up: it changes nothing
    the administrator does not log in      AdministratorError, repeated for a few seconds: its own rotation may
                                           be under way
    =====================================  ==================================================================

    Every value is held against the deployment before anything connects; the lock is one for both logins, and both
    values are read again under it, because a rotation that ended meanwhile has swapped them.
    """

    administered: Final = True
    alternates: Final = True

    def successor(self, current: SecretValue, password: str, target: Target) -> SecretValue:
        """Return *current* with the other login and the new password."""
        return current.with_login(target.pair(model=current.username).twin, password)

    def set_password(self, values: StagedValues, database: Database) -> None:
        """Have the administrator make the twin equal to the model, and set its password."""
        _turn(values)
        with closing(log_in_as_administrator(database, values.administrator())) as session:
            for login in values.target.logins:
                session.refuse_protected(login)
            session.lock(values.target.username)
            pair, pending = _turn(values)
            _prepare(session, pair, provisioned=values.target.pair_is_provisioned)
            session.replace_password(pair.twin, pending.password)

    def test(self, values: StagedValues, database: Database) -> None:
        """Log in as pending, run the query, and have the administrator compare the two logins."""
        pending, current = try_pending(values, database), values.current()
        if pending.username == current.username:
            return  # tried alone, right after a deployment: there need not be a twin yet
        with closing(log_in_as_administrator(database, values.administrator())) as session:
            _refuse_differences(session, values.target.pair(model=current.username))

    def retire(self, values: StagedValues, database: Database) -> None:
        """Do nothing: clients that have not read the new value yet go on with the old login."""


def _turn(values: StagedValues) -> tuple[Pair, SecretValue]:
    """Return who follows whom, and the value that shall log in.

    :raises LabelsMovedError: if the rotation was finished meanwhile.
    :raises RefusedError: if both values name the same login.
    """
    current, pending = values.current(), values.pending()
    if current.username == pending.username:
        values.check_pending()  # both labels are on one version while another run finishes the rotation
        raise RefusedError(
            "The AWSPENDING value names the login that is AWSCURRENT, whose password clients are using: nothing was "
            "changed; cancel the rotation with CancelRotateSecret, then start a new one with RotateSecret."
        )
    return values.target.pair(model=current.username), pending


def _prepare(session: DatabaseSession, pair: Pair, *, provisioned: bool) -> None:
    if provisioned:
        session.check_administrator(pair.twin, None)
        _refuse_differences(session, pair)
    else:
        session.check_administrator(pair.twin, pair)
        session.prepare_twin(pair)


def _refuse_differences(session: DatabaseSession, pair: Pair) -> None:
    found = session.differences(pair)
    if found:
        more = f"; and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
        raise PrivilegeError(
            f"The two logins of the pair are not equal: {'; '.join(found[:_MOST_NAMED])}{more}. "
            "Make them equal in the database, then rotate again."
        )

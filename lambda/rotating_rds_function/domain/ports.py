"""What a rotation needs from the outside: every effect goes through here, so that tests can watch, fail or kill it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rotating_rds_function.domain.access import UserAccess
    from rotating_rds_function.domain.targets import Pair
    from rotating_rds_function.domain.versions import SecretDescription


class SecretStore(Protocol):
    """Secrets Manager, as far as a rotation uses it. Every method raises RotationError on failure."""

    def describe(self, secret_id: str) -> SecretDescription:
        """Return labels, tags, times and whether rotation is enabled."""

    def made(self, secret_id: str, version: str) -> float | None:
        """Return when a version was made, in seconds since the epoch; None if there is none (any more)."""

    def read(self, secret_id: str, *, label: str, version: str | None = None) -> str | None:
        """Return the SecretString of the version with *label*.

        :param version: only if it is this version that carries the label.
        :returns: None if no version carries the label (or another one does), or the version has no value yet.
        """

    def write_pending(self, secret_id: str, *, version: str, text: str) -> None:
        """Give *version* a value and AWSPENDING; does nothing if it has a value, for that never changes."""

    def move_label(self, secret_id: str, *, label: str, source: str | None, destination: str | None) -> None:
        """Move a staging label from one version to another, at once.

        :param source: the version that carries it; None if none does.
        :param destination: None takes it off.
        :raises LabelsMovedError: if *source* does not carry it (any more).
        """


class DatabaseSession(Protocol):
    """A logged-in session. Every method but close() raises RotationError on failure.

    Every method may be repeated: by this session, or by another one after this one ended at any point.
    """

    def verify(self, query: str | None) -> None:
        """Run a query that proves that the session is the user's own and works.

        :param query: the deployment's; a harmless one of the engine if None.
        :raises PrivilegeError: if the user may not run it.
        """

    def trusted_until(self) -> float:
        """Return when the first certificate ends that proves the server's identity, in seconds since the epoch."""

    def lock(self, username: str) -> None:
        """Wait until no other session of ours changes *username*.

        None does from then on until replace_password(), discard_retained() or close(), or until the server misses this
        session.

        :raises NotReadyError: if another one keeps it for too long.
        """

    def replace_password(self, username: str, password: str, *, keep: str | None = None) -> None:
        """Give a user a password, make that durable, and release the lock; needs the lock.

        The last change to a user: whatever it may do is in place by now. Unlocks a twin that prepare_twin() has made
        or found locked beside a model that is not; no other account, for somebody else locked it on purpose. The
        server's logs see no password.

        :param keep: the password that goes on logging in beside the new one, on an engine with secondary passwords,
            at every moment and however often this is repeated. None: the new one alone logs in. Other engines ignore
            it.
        """

    def discard_retained(self, username: str) -> None:
        """Let the newest password of a user alone log in, and release the lock; needs the lock."""

    def refuse_protected(self, username: str) -> None:
        """Refuse a user whose password this administrator must not change; looks only, and changes nothing.

        :raises RefusedError: if the user is a superuser, of the service, the session's own, or more powerful than the
            administrator. A user who does not exist is not refused.
        :raises ConfigurationError: if the engine cannot hold the name, and would take it for another one.
        """

    def check_administrator(self, username: str, pair: Pair | None) -> None:
        """Name the privileges that the session's user lacks to administer; looks only, and changes nothing.

        :param username: whose password has to be changed.
        :param pair: what has to be made equal before; None if there is only a password to change.
        :raises PrivilegeError: with every missing one.
        """

    def prepare_twin(self, pair: Pair) -> None:
        """Make the twin able to do exactly what the model can: add and take away; needs the lock.

        A login that does not exist is made, locked: replace_password() unlocks the twin, so that nobody ever logs in
        with a part of the privileges. Where the model is the missing one (the database was restored from a snapshot
        of before it was made), it is made after the twin's example, and stays locked until its own turn.

        :raises WrongStateError: if neither exists, or they are not what a pair can be made of.
        :raises RefusedError: if the twin's name is taken by a user that is not a login of this pair.
        """

    def differences(self, pair: Pair) -> list[str]:
        """Return what model and twin do not have in common, each as a clause that names privilege and login.

        Password and lock are none of it; a login that does not exist is one. Looks only, and changes nothing.
        """

    def exists(self, username: str) -> bool:
        """Tell whether there is a user of that name."""

    def provision(self, user: UserAccess) -> bool:
        """Make a user able to do exactly what is declared: add and take away; needs the lock.

        The first login is made where it is missing, locked: replace_password() unlocks it, so that nobody ever logs in
        with a part of the privileges. The others are made equal where they exist. Where the engine can, all of it takes
        effect at once, by replace_password() or commit(); elsewhere nothing of what the user has before and after is
        missing in between.

        :returns: whether the first login was made, now or by a run that was broken off, and waits for its password.
        :raises PrivilegeError: if the session's user lacks what it would hand on.
        :raises WrongStateError: if a name is taken by something else, or somebody has locked the first login.
        :raises RotationError: if a statement fails, of any kind and naming it; the user is as it was.
        """

    def shut_out(self, username: str) -> None:
        """Keep a login from logging in until it gets a password as the first of provision() or as a twin.

        Needs the lock. Its open sessions go on.
        """

    def remove(self, user: UserAccess) -> None:
        """Drop a user's logins and what holds its privileges; what they own goes to the owner; needs the lock.

        Who does not exist any more is no error. On an engine without owners, a login in whose name things of others
        run is shut out for good instead, which those things survive.

        :raises WrongStateError: if something else depends on them, which is named.
        """

    def commit(self) -> None:
        """Make durable what was done without a new password, and release the lock."""

    def close(self) -> None:
        """End the session and undo what is not durable. Never raises: a connection that broke is closed."""


class Database(Protocol):
    """One database server, where the deployment says it is."""

    @property
    def retains_passwords(self) -> bool:
        """Whether a user can have a secondary password that logs in beside the primary one."""

    def login(self, username: str, password: str) -> DatabaseSession:
        """Open a session over verified TLS.

        :raises AuthenticationError: if the server does not take the password.
        :raises RotationError: for any other reason.
        """


class Clock(Protocol):
    """Time, replaceable in tests."""

    def now(self) -> float:
        """Return seconds that only grow."""

    def sleep(self, seconds: float) -> None:
        """Let *seconds* pass."""

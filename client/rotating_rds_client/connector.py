"""Connect through a rotation: refused logins are retried when, and only when, the secret has changed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar, assert_never

from rotating_rds_client._dialogue import Deed, Dialogue, Get, LogIn, Refresh, Sleep, outcome_of, tell
from rotating_rds_client.adapters import Adapter, DriverAdapter
from rotating_rds_client.clock import Clock, SystemClock
from rotating_rds_client.observer import ConnectReport, Outcome
from rotating_rds_client.retry import RetryPolicy
from rotating_rds_client.source import check_source

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from rotating_rds_client.source import CredentialsSource

C = TypeVar("C")


class RotatingConnector(Generic[C]):
    """Opens connections with the current credentials of a secret, and outlasts its rotations.

    A refused login makes it ask for the secret at once. A new version is tried immediately; while the version stays the
    same, the secret (not the database) is asked again with growing pauses, because a rotation changes the password
    before it moves the label. Every other error of the driver reaches the caller untouched. Threads may share one.

    :param source: Usually a :class:`SecretSource`.
    :param connect: A driver's ``connect`` (see :class:`DriverAdapter`, which it is wrapped in) or an :class:`Adapter`.
    :param retry: How patient to be; by default 15 s in all.
    :param observer: Called with a :class:`ConnectReport` after every call, successful or not.
    :param clock: For tests; the process's monotonic clock by default.
    """

    def __init__(
        self,
        source: CredentialsSource,
        connect: Callable[..., C] | Adapter[C],
        *,
        retry: RetryPolicy | None = None,
        observer: Callable[[ConnectReport], None] | None = None,
        clock: Clock | None = None,
    ) -> None:
        check_source(source)
        self._source = source
        self._adapter = connect if isinstance(connect, Adapter) else DriverAdapter(connect)
        self._retry = retry or RetryPolicy()
        self._observer = observer
        self._clock = clock or SystemClock()

    def connect(self) -> C:
        """Open one connection.

        :raises CredentialsRejectedError: if no version of the secret logs in within the budget.
        :raises SecretUnavailableError: if the secret cannot be read and no earlier value may be used.
        :raises MalformedSecretError: likewise, for a value that cannot be parsed.
        """
        dialogue = Dialogue(self._retry, self._adapter.is_authentication_error, self._clock.monotonic)
        try:
            connection: C = self._perform(dialogue.run())
        except BaseException as error:
            tell(self._observer, dialogue.report(outcome_of(error)))
            raise
        tell(self._observer, dialogue.report(Outcome.CONNECTED))
        return connection

    def _perform(self, deeds: Generator[Deed, Any, C]) -> C:
        """Do what a dialogue asks for, in the caller's thread."""
        came_of_it: Callable[[], Deed] = partial(next, deeds)
        while True:
            try:
                deed = came_of_it()
            except StopIteration as end:
                connection: C = end.value
                return connection
            try:
                came_of_it = partial(deeds.send, self._do(deed))
            except Exception as error:  # noqa: BLE001 - the dialogue decides
                came_of_it = partial(deeds.throw, error)

    def _do(self, deed: Deed) -> object:
        match deed:
            case Get():
                return self._source.get()
            case Refresh(rejected, max_age):
                return self._source.refresh(rejected, max_age=max_age)
            case LogIn(credentials):
                return self._adapter.connect(credentials)
            case Sleep(seconds):
                return self._clock.sleep(seconds)
            case unknown:
                assert_never(unknown)

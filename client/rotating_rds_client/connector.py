"""Connect through a rotation: refused logins are retried when, and only when, the secret has changed."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from rotating_rds_client.adapters import Adapter, DriverAdapter
from rotating_rds_client.clock import Clock, SystemClock
from rotating_rds_client.errors import CredentialsRejectedError, SecretUnavailableError
from rotating_rds_client.observer import ConnectReport, Outcome
from rotating_rds_client.retry import GiveUp, RetryPolicy, RetryState, Wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotating_rds_client.credentials import Credentials
    from rotating_rds_client.source import CredentialsSource

C = TypeVar("C")
_SHARED_ANSWER = 0.05
_log = logging.getLogger("rotating_rds_client")


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
        call = _Call(RetryState(self._retry, started=self._clock.monotonic()), self._clock.monotonic())
        try:
            connection = self._log_in(call)
        except CredentialsRejectedError:
            self._report(call, Outcome.REJECTED)
            raise
        except BaseException:
            self._report(call, Outcome.FAILED)
            raise
        self._report(call, Outcome.CONNECTED)
        return connection

    def _log_in(self, call: _Call) -> C:
        credentials = self._source.get()
        while True:
            call.tries(credentials)
            try:
                return self._adapter.connect(credentials)
            except Exception as error:
                if not self._adapter.is_authentication_error(error):
                    raise
                refusal = error
            credentials = self._replacement(call, credentials, refusal)

    def _replacement(self, call: _Call, refused: Credentials, refusal: Exception) -> Credentials:
        """Find credentials that may be tried next, waiting for them as long as the policy allows."""
        call.state.refused(refused.version_id)
        while True:
            credentials = self._ask_again(call, refused)
            move = call.state.next_move(credentials.version_id, now=self._clock.monotonic())
            match move:
                case Wait(seconds):
                    self._clock.sleep(seconds)
                case GiveUp():
                    raise self._rejected(call) from refusal
                case _:
                    return credentials

    def _ask_again(self, call: _Call, refused: Credentials) -> Credentials:
        """Read the secret; while that is impossible, what was refused is all there is."""
        max_age = _SHARED_ANSWER if call.refreshes else 0.0  # an answer from before the first refusal proves nothing
        call.refreshes += 1
        try:
            return self._source.refresh(refused, max_age=max_age)
        except SecretUnavailableError as error:
            _log.warning("A login was refused and %s", error)
            return refused

    def _rejected(self, call: _Call) -> CredentialsRejectedError:
        versions = tuple(call.state.logins)
        return CredentialsRejectedError(
            f"The database refused version {', '.join(map(repr, versions))} of the secret and no newer one appeared "
            f"within {self._retry.budget:g} s: see whether the secret's last rotation has finished.",
            version_ids=versions,
            logins=call.logins,
        )

    def _report(self, call: _Call, outcome: Outcome) -> None:
        if self._observer is None:
            return
        seconds = self._clock.monotonic() - call.started
        try:
            self._observer(
                ConnectReport(
                    outcome=outcome,
                    version_id=call.version_id,
                    logins=call.logins,
                    refreshes=call.refreshes,
                    seconds=seconds,
                )
            )
        except Exception:  # noqa: BLE001 - the caller's observer must not cost the caller a connection
            _log.exception("The observer failed; the connection is not affected.")


@dataclass(slots=True)
class _Call:
    """The account of one call of ``connect``."""

    state: RetryState
    started: float
    version_id: str | None = None
    logins: int = 0
    refreshes: int = 0

    def tries(self, credentials: Credentials) -> None:
        self.version_id = credentials.version_id
        self.logins += 1

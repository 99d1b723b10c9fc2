"""What a connector does, one thing after the other, without doing it: threads and event loops do it their own way."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from rotating_rds_client.errors import CredentialsRejectedError, SecretUnavailableError
from rotating_rds_client.observer import ConnectReport, Outcome
from rotating_rds_client.retry import GiveUp, RetryPolicy, RetryState, Wait

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from rotating_rds_client.credentials import Credentials

_SHARED_ANSWER = 0.05
_log = logging.getLogger("rotating_rds_client")


class Get(NamedTuple):
    """Get credentials to try first."""


class Refresh(NamedTuple):
    """Get credentials as they are now."""

    rejected: Credentials
    max_age: float


class LogIn(NamedTuple):
    """Log in once."""

    credentials: Credentials


class Sleep(NamedTuple):
    """Let time pass."""

    seconds: float


Deed = Get | Refresh | LogIn | Sleep


@dataclass(slots=True)
class Dialogue:
    """One call of ``connect``.

    :param is_refusal: Tells whether a login failed because user name or password were refused.
    :param now: The clock that waiting is measured on.
    """

    retry: RetryPolicy
    is_refusal: Callable[[Exception], bool]
    now: Callable[[], float]
    started: float = 0.0
    version_id: str | None = None
    logins: int = 0
    refreshes: int = 0

    def run(self) -> Generator[Deed, Any, Any]:
        """Yield what is to be done, take what came of it, and return the connection.

        :raises CredentialsRejectedError: if no version of the secret logs in within the budget.
        """
        self.started = self.now()
        state = RetryState(self.retry, started=self.started)
        credentials: Credentials = yield Get()
        while True:
            self.version_id, self.logins = credentials.version_id, self.logins + 1
            try:
                return (yield LogIn(credentials))
            except Exception as error:
                if not self.is_refusal(error):
                    raise
                refusal = error
            credentials = yield from self._replacement(state, credentials, refusal)

    def report(self, outcome: Outcome) -> ConnectReport:
        """Return the account of the call, once it is over."""
        return ConnectReport(
            outcome=outcome,
            version_id=self.version_id,
            logins=self.logins,
            refreshes=self.refreshes,
            seconds=self.now() - self.started,
        )

    def _replacement(
        self, state: RetryState, refused: Credentials, refusal: Exception
    ) -> Generator[Deed, Any, Credentials]:
        """Find credentials that may be tried next, waiting for them as long as the policy allows."""
        state.refused(refused.version_id)
        while True:
            credentials = yield from self._ask_again(refused)
            move = state.next_move(credentials.version_id, now=self.now())
            match move:
                case Wait(seconds):
                    yield Sleep(seconds)
                case GiveUp():
                    raise self._rejected(state) from refusal
                case _:
                    return credentials

    def _ask_again(self, refused: Credentials) -> Generator[Deed, Any, Credentials]:
        """Read the secret; while that is impossible, what was refused is all there is."""
        max_age = _SHARED_ANSWER if self.refreshes else 0.0  # an answer from before the first refusal proves nothing
        self.refreshes += 1
        try:
            found: Credentials = yield Refresh(refused, max_age)
        except SecretUnavailableError as error:
            _log.warning("A login was refused and %s", error)
            return refused
        return found

    def _rejected(self, state: RetryState) -> CredentialsRejectedError:
        versions = tuple(state.logins)
        return CredentialsRejectedError(
            f"The database refused version {', '.join(map(repr, versions))} of the secret and no newer one appeared "
            f"within {self.retry.budget:g} s: see whether the secret's last rotation has finished.",
            version_ids=versions,
            logins=self.logins,
        )


def tell(observer: Callable[[ConnectReport], None] | None, report: ConnectReport) -> None:
    """Hand a report to the caller's observer, which must not cost the caller a connection."""
    if observer is None:
        return
    try:
        observer(report)
    except Exception:  # noqa: BLE001 - see above
        _log.exception("The observer failed; the connection is not affected.")


def outcome_of(error: BaseException) -> Outcome:
    """Return how a call ended that raised this."""
    return Outcome.REJECTED if isinstance(error, CredentialsRejectedError) else Outcome.FAILED
